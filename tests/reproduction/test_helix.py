import json
import math
import sys
from pathlib import Path

import pytest
import torch

from diffeo import zoo
from diffeo.workflows.train import TrainingOptions
from reproduction.experiment import ExperimentOptions, Training
from reproduction.helix import training as helix_training
from reproduction.helix.data import curve, distance, helix
from reproduction.helix.experiment import HELIX
from reproduction.helix.models import shipped_flow
from reproduction.helix.theorem import Theorem
from reproduction.helix.training import HELIX_CLASSIFIER, HELIX_FLOW

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
FIGURES = {"paths.png", "boxes.png", "distances.png", "theorem.png"}
FILES = {"results.json", "provenance.json"}


def test_the_experiment_runs_from_training_to_figures(tmp_path: Path) -> None:
    results = HELIX.run(ExperimentOptions(tmp_path, quick=True, progress=False))

    assert set(results) >= {*PROMISED, "seconds_training"}
    assert all(math.isfinite(value) for value in results.values())
    assert json.loads((tmp_path / "results.json").read_text()) == results
    assert {path.name for path in tmp_path.iterdir()} == {
        *FILES,
        *FIGURES,
        "helix.html",
    }
    assert "<script src=" not in (tmp_path / "helix.html").read_text()


def test_shipped_weights_are_searched_without_training_and_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    options = ExperimentOptions(tmp_path, quick=True, weights=True, progress=False)
    results = HELIX.run(options)
    message = " ".join(capsys.readouterr().err.split())

    assert "seconds_training" not in results
    assert results["reached_latent"] == 1
    assert results["distance_median_latent"] < 0.01
    assert results["distance_median_data"] > 10 * results["distance_median_latent"]
    assert results["tangent_angle_degrees_median"] < 2
    assert {path.name for path in tmp_path.iterdir()} == FILES | FIGURES
    assert "helix.html could not be drawn" in message
    assert "diffeo[interactive]" in message


def test_the_shipped_flow_knows_the_helix() -> None:
    generator = torch.Generator().manual_seed(3)
    drawn = shipped_flow().decode(torch.randn(500, 3, generator=generator))

    assert distance(drawn).median() < 0.01


def test_the_shipped_classifier_rises_all_along_the_helix() -> None:
    t = torch.linspace(-math.pi, math.pi, 200)
    logits = zoo.load("helix-classifier")(curve(t))[:, 0]

    assert (logits.diff() > 0).all()
    assert ((logits > 0) == (t > 0)).float().mean() > 0.98


@pytest.mark.parametrize("training", [HELIX_FLOW, HELIX_CLASSIFIER])
def test_trainings_store_weights_that_load(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helix_training, "EPOCH", 5)
    path = tmp_path / f"{training.name}.safetensors"
    training.train(TrainingOptions(path, epochs=1, progress=False), None)
    generator = torch.Generator().manual_seed(4)

    assert zoo.card(path).figures
    assert zoo.card(path).command == (
        f"python -m reproduction train {training.name} --epochs 1 --seed 0"
    )
    assert zoo.load(path)(helix(3, thickness=0.1, generator=generator).points).ndim


def test_the_slope_and_ratios_of_an_exact_law_are_exact() -> None:
    thickness = torch.tensor([0.2, 0.1, 0.05], dtype=torch.float64)
    law = 1.1 * thickness**2
    rows = torch.stack((law, law))
    results = Theorem(thickness, rows, rows[:1], rows[:1]).results()

    assert results["normal_eigenvalue_slope"] == pytest.approx(2)
    assert results["normal_eigenvalue_ratio_min"] == pytest.approx(1.1)
    assert results["normal_eigenvalue_ratio_max"] == pytest.approx(1.1)
    assert results["normal_eigenvalue_ratio_0.05"] == pytest.approx(1.1)
