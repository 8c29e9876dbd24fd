import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reproduction.experiment import ExperimentOptions
from reproduction.mnist import tuning
from reproduction.mnist.baselines import greatest, smallest
from reproduction.mnist.comparison import MNIST_COMPARISON
from reproduction.mnist.tuning import read_tuning, tune_mnist_comparison

METHODS = (
    "adversarial",
    "wachter",
    "revise",
    "natural",
    "prototypes",
    "diffeomorphic",
)
CONTROLS = "originals", "real", "noise", "untrained"
MEANS = (
    "success",
    "svm_target",
    "knn_target",
    "consensus_target",
    "im1_mean",
    "seconds_per_image",
)
MEDIANS = "ssim_median", "l2_data_median", "l2_latent_median", "typicality_median"


@pytest.fixture(scope="module")
def options(
    data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExperimentOptions]:
    """Options of a quick run, with a cache for trained judges of its own."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFEO_CACHE", str(tmp_path_factory.mktemp("cache")))
        out = tmp_path_factory.mktemp("out")

        yield ExperimentOptions(out, data, quick=True, progress=False)


@pytest.fixture(scope="module")
def tuned(options: ExperimentOptions) -> dict[str, float]:
    """What the tuning found and wrote."""

    return tune_mnist_comparison(options)


def test_the_comparison_writes_what_it_promises(
    options: ExperimentOptions, tuned: dict[str, float]
) -> None:
    results = MNIST_COMPARISON.run(options)
    names = [
        *METHODS,
        *(f"half_{name}" for name in METHODS),
        *CONTROLS,
    ]
    promised = {f"{name}_{metric}" for name in names for metric in (*MEANS, *MEDIANS)}
    promised |= {
        f"{name}_{metric}_{end}"
        for name in names
        for metric in MEANS
        for end in ("low", "high")
    }
    promised |= {"im1_closed", "half_im1_closed", "tuned_revise_weight"}
    promised |= {"diffeomorphic_minus_wachter_consensus_target_low"}

    assert promised <= set(results)
    assert results["tuned_revise_weight"] == tuned["tuned_revise_weight"]
    assert results["diffeomorphic_success"] > 0
    assert results["diffeomorphic_rows"] == results["diffeomorphic_success"]
    assert results["real_svm_target"] > results["originals_svm_target"]
    assert (
        json.loads((options.out / "results.json").read_text()).keys() == results.keys()
    )

    for stem in (
        "oracle",
        "neighbors",
        "consensus",
        "distances",
        "nearest",
        "gallery",
    ):
        assert (options.out / f"{stem}.png").is_file()
        assert (options.out / f"half_{stem}.png").is_file()


def test_the_tuning_is_written_and_read(
    options: ExperimentOptions, tuned: dict[str, float]
) -> None:
    tried = "tried_wachter_weight_0.005_success"

    assert read_tuning(options) == tuned
    assert tuned["tuned_half_natural_budget"] == 200
    assert 0 <= tuned["tuned_wachter_success"] <= 1
    assert tuned[tried] == tuned["tuned_wachter_success"]


def test_a_comparison_without_tuning_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "SHIPPED", tmp_path / "shipped")

    with pytest.raises(FileNotFoundError, match="reproduction tune mnist-comparison"):
        MNIST_COMPARISON.run(ExperimentOptions(tmp_path / "new"))


def test_the_shipped_tuning_is_found_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ExperimentOptions(tmp_path)

    assert read_tuning(options)["tuned_wachter_weight"] > 0
    assert read_tuning(replace(options, quick=True)) == {}

    (tmp_path / "tuning.json").write_text('{"tuned_wachter_weight": 3.0}')

    assert read_tuning(options) == {"tuned_wachter_weight": 3.0}


def test_the_greatest_price_that_succeeds_is_chosen() -> None:
    tried: list[float] = []

    def success(value: float) -> float:
        tried.append(value)

        return 1.0 if value < 0.3 else 0.5

    assert greatest((0.1, 0.2, 0.3, 0.4), success) == 0.2
    assert tried == [0.1, 0.2, 0.3]
    assert greatest((0.5, 0.6), success) == 0.5


def test_the_smallest_budget_that_succeeds_is_chosen() -> None:
    shares = {10.0: 0.2, 20.0: 0.99, 30.0: 1.0}

    assert smallest((10.0, 20.0, 30.0), lambda value: shares[value]) == 20.0
    assert smallest((10.0, 20.0), lambda value: value / 100) == 20.0
    assert smallest((10.0, 20.0), lambda value: 1 / value) == 10.0
