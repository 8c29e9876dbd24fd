import importlib
import json
import math
from pathlib import Path

import pytest
import torch

from diffeo import zoo
from diffeo.workflows.results import Reproduction
from reproduction.helix import training as helix_training
from reproduction.helix.data import curve, distance, helix
from reproduction.helix.experiment import reproduce_helix
from reproduction.helix.models import as_flow
from reproduction.helix.page import find_plotly
from reproduction.helix.theorem import Theorem
from reproduction.helix.training import HELIX_TRAININGS
from reproduction.mnist.training import Training

# Lightning's own, on the type of its loaders
pytestmark = pytest.mark.filterwarnings(
    "ignore:.isinstance.treespec, LeafSpec.. is deprecated:FutureWarning"
)

PROMISED = {
    "reached_latent",
    "reached_data",
    "distance_median_latent",
    "distance_median_data",
    "distance_median_factuals",
    "distance_median_untrained",
    "seconds_latent_1000",
    "tangent_angle_degrees_median",
    "normal_eigenvalue_slope",
    "normal_eigenvalue_slope_low",
    "normal_eigenvalue_slope_high",
    "normal_eigenvalue_ratio_min",
    "normal_eigenvalue_ratio_max",
}


def test_the_experiment_runs_from_training_to_figures(tmp_path: Path) -> None:
    results = reproduce_helix(Reproduction(tmp_path, quick=True, progress=False))

    assert set(results) >= {*PROMISED, "seconds_training"}
    assert all(math.isfinite(value) for value in results.values())
    assert json.loads((tmp_path / "results.json").read_text()) == results
    assert {path.name for path in tmp_path.iterdir()} == {
        "results.json",
        "paths.png",
        "boxes.png",
        "distances.png",
        "theorem.png",
        "helix.html",
    }
    assert "<script src=" not in (tmp_path / "helix.html").read_text()


def test_shipped_weights_are_searched_without_training(tmp_path: Path) -> None:
    how = Reproduction(tmp_path, quick=True, weights=True, progress=False)
    results = reproduce_helix(how)

    assert "seconds_training" not in results
    assert results["reached_latent"] == 1
    assert results["distance_median_latent"] < 0.01
    assert results["distance_median_data"] > 10 * results["distance_median_latent"]
    assert results["tangent_angle_degrees_median"] < 2


def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)

    with pytest.raises(ModuleNotFoundError, match=r"diffeo\[interactive\]"):
        find_plotly()

    with pytest.raises(ModuleNotFoundError, match=r"diffeo\[interactive\]"):
        reproduce_helix(Reproduction(tmp_path, quick=True, progress=False))


def test_the_shipped_flow_knows_the_helix() -> None:
    flow = as_flow(zoo.load("helix-flow"))
    generator = torch.Generator().manual_seed(3)
    drawn = flow.decode(torch.randn(500, 3, generator=generator))

    assert distance(drawn).median() < 0.01


def test_the_shipped_classifier_rises_all_along_the_helix() -> None:
    t = torch.linspace(-math.pi, math.pi, 200)
    logits = zoo.load("helix-classifier")(curve(t))[:, 0]

    assert (logits.diff() > 0).all()
    assert ((logits > 0) == (t > 0)).float().mean() > 0.98


@pytest.mark.parametrize("name", HELIX_TRAININGS)
def test_trainings_store_weights_that_load(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helix_training, "EPOCH", 5)
    train, _ = HELIX_TRAININGS[name]
    path = train(Training(tmp_path, None, epochs=1, progress=False))
    generator = torch.Generator().manual_seed(4)

    assert zoo.card(path).figures
    assert zoo.load(path)(helix(3, thickness=0.1, generator=generator).points).ndim


def test_the_slope_and_ratios_of_an_exact_law_are_exact() -> None:
    thickness = torch.tensor([0.2, 0.1, 0.05], dtype=torch.float64)
    law = 1.1 * thickness**2
    rows = torch.stack((law, law))
    results = Theorem(thickness, rows, rows[:1], rows[:1]).figures()

    assert results["normal_eigenvalue_slope"] == pytest.approx(2)
    assert results["normal_eigenvalue_ratio_min"] == pytest.approx(1.1)
    assert results["normal_eigenvalue_ratio_max"] == pytest.approx(1.1)
    assert results["normal_eigenvalue_ratio_0.05"] == pytest.approx(1.1)
