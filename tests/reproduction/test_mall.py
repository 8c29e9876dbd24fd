from pathlib import Path

import pytest
import torch

from diffeo.models.locator import Locator
from reproduction.domain import trained
from reproduction.experiment import ExperimentOptions
from reproduction.mall.cases import CASES, POOLED
from reproduction.mall.experiment import MALL
from reproduction.mall.heads import head_places

KEYS = (
    "reached_latent",
    "l2_data_class_latent_mean",
    "l2_latent_class_data_mean_high",
    "sparsity_latent_mean",
    "tangent_share_data_mean",
    "composition_error_latent_mean",
    "oracle_target_latent_minus_data",
    "knn_target_data_low",
    "l2_latent_data_median",
    "typicality_latent_median",
)
PLACES = torch.tensor([[10.5, 20.5], [40.5, 50.5], [50.5, 8.5]])


class Sure(Locator):
    """A network that is sure of three heads, or of none in the dark."""

    def map_and_count(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        maps = torch.full((len(x), 64, 64), 1e-6)

        for across, down in PLACES.int().tolist():
            maps[:, down, across] = 1.0

        return maps, 3.2 * (x.mean((1, 2, 3)) > 0)


def test_heads_are_where_the_map_is_sure_and_as_many_as_are_counted() -> None:
    x = torch.stack((torch.zeros(3, 64, 64), torch.ones(3, 64, 64)))
    none, three = head_places(Sure(3, width=4, depth=1), x)

    assert none.shape == (0, 2)
    assert torch.cdist(three, PLACES).min(1).values.max() < 1


@pytest.mark.usefixtures("small_models")
def test_few_become_many_and_many_few(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    results = MALL.run(ExperimentOptions(out, data, quick=True, progress=False))
    measured = {f"{case}_{key}" for case in CASES for key in KEYS}

    realism = {
        f"{prefix}im1_{name}_mean"
        for prefix in ("", *(f"{case}_" for case in POOLED))
        for name in ("latent", "data", "real")
    }

    assert measured | realism | {*KEYS} <= results.keys()
    assert {"model_rmse_low", "oracle_rmse_high", "flow_bits_per_dim_low"} <= set(
        results
    )
    assert results["reached_data"] == pytest.approx(
        sum(results[f"{case}_reached_data"] for case in POOLED) / len(POOLED)
    )
    assert results["model_rmse"] > 0
    assert all(0 <= results[f"{case}_reached_data"] <= 1 for case in CASES)
    assert "could not be drawn" not in capsys.readouterr().err
    assert {f"{case}_heads.png" for case in CASES} <= {
        path.name for path in out.iterdir()
    }


def test_missing_weights_are_told_with_the_command_that_trains_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reproduction.domain.WEIGHTS", tmp_path)

    with pytest.raises(FileNotFoundError, match="reproduction train mall-flow trains"):
        trained("mall-flow")
