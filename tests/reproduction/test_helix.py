import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure
from zuko.distributions import DiagNormal
from zuko.lazy import Flow, UnconditionalDistribution, UnconditionalTransform
from zuko.transforms import PermutationTransform

from diffeo import zoo
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.workflows.train.module import TrainingOptions
from reproduction.experiment import ExperimentOptions, Training
from reproduction.helix import training as helix_training
from reproduction.helix.data import DISC, curve, distance, helix
from reproduction.helix.experiment import HELIX, QUICK
from reproduction.helix.measures import Measures, inner_places, measure_flow
from reproduction.helix.models import FreshPoints, shipped_flow, untrained_flow
from reproduction.helix.theorem import Family, family_results, fit_families
from reproduction.helix.training import HELIX_CLASSIFIER, HELIX_FLOW

PROMISED = {
    "reached_latent",
    "reached_data",
    "distance_median_latent",
    "distance_median_data",
    "distance_median_factuals",
    "distance_median_untrained",
    "distance_median_data_unblurred",
    "seconds_latent_1000",
    "tangent_angle_degrees_median",
    "normal_eigenvalue_slope",
    "normal_eigenvalue_slope_low",
    "normal_eigenvalue_slope_high",
    "normal_eigenvalue_ratio_min",
    "normal_eigenvalue_ratio_max",
    "normal_eigenvalue_ratio_worst",
    "normal_eigenvalue_ratio_worst_undertrained_0.1",
    "normal_eigenvalue_ratio_worst_place_undertrained_0.1",
    "euclidean_normal_ratio_alternating_0.1",
    "euclidean_normal_ratio_worst_bounded_0.1",
    "normal_eigenvalue_slope_bounded",
    "kl_nats_0.1",
    "kl_nats_error_bounded_0.1",
    "kl_nats_searched_0.002",
    "within_share_bounded_undertrained_0.1",
}
FIGURES = {"paths.png", "boxes.png", "distances.png"}
FIGURES |= {"theorem.png", "theorem_gaussian.png"}
FILES = {"results.json", "provenance.json"}


@pytest.fixture(scope="module")
def families_once() -> Iterator[None]:
    """Fit the flows of Theorem 1 once, for all quick runs fit the same ones."""

    families = fit_families(QUICK.series, progress=False)

    with pytest.MonkeyPatch.context() as patch:
        place = "reproduction.helix.experiment.fit_families"
        patch.setattr(place, lambda *_, **__: families)
        yield


@pytest.mark.usefixtures("families_once")
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


@pytest.mark.usefixtures("families_once")
def test_shipped_weights_are_searched_without_training_and_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setattr(Figure, "savefig", lambda _, path, **__: path.touch())
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
        f"python -m reproduction train {training.name} --epochs 1 --seed 0 "
        "--batch-size 128"
    )
    assert zoo.load(path)(helix(3, thickness=0.1, generator=generator).points).ndim


def family(eigenvalues: torch.Tensor, thickness: torch.Tensor) -> Family:
    """Two seeds of flows with the same eigenvalues at five places."""

    both = eigenvalues[None, :, None, None].expand(2, -1, 5, 2)
    logs = torch.full((2, len(thickness), 10), 0.25, dtype=torch.float64)

    return Family(thickness, Measures(both, 3 * both, logs, logs[..., 0]))


def test_the_slope_and_ratios_of_an_exact_law_are_exact() -> None:
    thickness = torch.tensor([0.2, 0.1, 0.05], dtype=torch.float64)
    results = family_results({"_law": family(1.1 * thickness**2, thickness)})

    assert results["normal_eigenvalue_slope_law"] == pytest.approx(2)
    assert results["normal_eigenvalue_slope_place_low_law"] == pytest.approx(2)
    assert results["normal_eigenvalue_ratio_min_law"] == pytest.approx(1.1)
    assert results["normal_eigenvalue_ratio_max_law"] == pytest.approx(1.1)
    assert results["normal_eigenvalue_ratio_law_0.05"] == pytest.approx(1.1)
    assert results["euclidean_normal_slope_law"] == pytest.approx(2)
    assert results["euclidean_normal_ratio_worst_law"] == pytest.approx(3.3)
    assert results["kl_nats_law_0.1"] == pytest.approx(0.25)
    assert results["kl_nats_error_law_0.1"] == pytest.approx(0)


def test_the_worst_ratio_is_that_of_one_place_of_one_flow() -> None:
    thickness = torch.tensor([0.2, 0.1], dtype=torch.float64)
    law = family(thickness**2, thickness)
    smallest = law.measures.smallest.clone()
    smallest[1, 1, 3, 0] *= 7
    across = law.measures.across.clone()
    across[0, 0, 4, 1] *= 5
    measures = law.measures._replace(smallest=smallest, across=across)
    results = family_results({"": Family(thickness, measures)})
    places = inner_places(5).tolist()

    assert results["normal_eigenvalue_ratio_worst"] == pytest.approx(7)
    assert results["normal_eigenvalue_ratio_worst_0.1"] == pytest.approx(7)
    assert results["normal_eigenvalue_ratio_worst_0.2"] == pytest.approx(1)
    assert results["normal_eigenvalue_ratio_0.1"] == pytest.approx(7 ** (1 / 20))
    assert results["normal_eigenvalue_ratio_worst_place_0.1"] == places[3]
    assert results["euclidean_normal_ratio_worst_place_0.2"] == places[4]


def test_the_divergence_from_a_standard_normal_is_that_of_the_integral() -> None:
    thickness = 0.1
    same = UnconditionalTransform(PermutationTransform, torch.arange(3), buffer=True)
    base = UnconditionalDistribution(DiagNormal, torch.zeros(3), torch.ones(3))
    points = FreshPoints(1, thickness=thickness, noise=DISC)
    found = measure_flow(ZukoFlow(Flow([same], base)), points)
    square = 1 + math.pi**2 / 3 + thickness**2 / 2
    cross_entropy = 1.5 * math.log(2 * math.pi) + square / 2
    volume = 2 * math.pi * math.sqrt(2) * math.pi * thickness**2
    truth = cross_entropy - math.log(volume) + thickness**2 / 32
    error = found.log_ratios.std() / len(found.log_ratios) ** 0.5

    assert (found.log_ratios.mean() - truth).abs() < 4 * error < 0.1
    torch.testing.assert_close(found.smallest, torch.ones_like(found.smallest))
    torch.testing.assert_close(found.across, torch.ones_like(found.across))


def test_what_acts_along_the_normals_is_no_less_than_the_smallest_eigenvalues() -> None:
    found = measure_flow(untrained_flow(), FreshPoints(1, thickness=0.1))

    assert (found.across.sort().values >= found.smallest.sort().values - 1e-12).all()
    assert (found.across > 1.1 * found.smallest).any()


def test_the_share_of_the_shipped_flow_near_the_helix_is_that_of_its_noise() -> None:
    found = measure_flow(shipped_flow(), FreshPoints(1, thickness=0.002))

    assert found.within.item() == pytest.approx(1 - math.exp(-0.5), abs=0.05)
    assert -0.01 < found.log_ratios.mean() < 0.1
