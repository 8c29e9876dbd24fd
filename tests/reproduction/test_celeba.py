import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diffeo import Identity, TargetClass, search
from diffeo.data.celeba import celeba
from diffeo.data.labelled import LabelledImages
from diffeo.models.flow.flow import as_flow
from reproduction.celeba.attributes import (
    attribute_results,
    correlation_difference,
)
from reproduction.celeba.experiment import CELEBA
from reproduction.celeba.regions import region_shares, regions
from reproduction.celeba.rivals import CELEBA_RIVALS
from reproduction.celeba.training import correct_prior, rarer_class
from reproduction.domain import WEIGHTS, trained
from reproduction.experiment import Experiment, ExperimentOptions
from reproduction.provenance import ROOT

NEW = {
    "second_cnn_target_latent_minus_data_low",
    "second_cnn_target_real",
    "moved_male_latent_high",
    "moved_wearing_lipstick_real",
    "smiling_reached_latent_low",
    "young_correlation_difference_data_high",
    "attributes_accuracy_low",
}


@pytest.mark.usefixtures("small_models")
@pytest.mark.parametrize(
    ("experiment", "reached"),
    [(CELEBA, "reached_latent"), (CELEBA_RIVALS, "latent_success")],
)
def test_faces_turn_blond_and_are_judged(
    experiment: Experiment,
    reached: str,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    options = ExperimentOptions(out, data, quick=True, progress=False)
    results = experiment.run(options)
    shipped = ROOT / "results" / experiment.name
    kept = json.loads((shipped / "results.json").read_text())

    assert {key for key in kept if "natural" not in key} <= results.keys()
    assert results.keys() >= NEW or experiment is not CELEBA
    assert results[reached] > 0
    assert "could not be drawn" not in capsys.readouterr().err
    assert {path.name for path in out.iterdir()} >= {
        path.name for path in shipped.iterdir()
    }


def test_the_flow_of_faces_brings_them_back(data: Path) -> None:
    faces = celeba("test", data, limit=3).labelled("Blond_Hair").images
    flow = as_flow(trained("celeba-flow"))

    with torch.no_grad():
        again = flow.decode(flow.encode(faces))

    assert (again - faces).abs().max() < 1e-3
    assert flow.is_typical(faces) is not None


def test_weights_are_small_enough_to_keep() -> None:
    files = list(WEIGHTS.glob("*.safetensors"))

    assert files
    assert all(file.stat().st_size < 16 * 2**20 for file in files)
    assert all(file.with_suffix(".md").is_file() for file in files)


@pytest.mark.parametrize("size", [16, 64])
def test_every_pixel_is_in_one_region(size: int) -> None:
    found = torch.stack(list(regions(size).values()))

    assert (found.sum(0) == 1).all()
    assert all(0.2 < part.double().mean() < 0.5 for part in found)


def test_a_change_is_shared_out_among_regions() -> None:
    before = torch.zeros(1, 3, 64, 64)
    after = before.clone()
    after[:, :, 38, 32] = 0.5  # within the face
    after[:, 0, 2, 32] = -0.5  # above it
    shares = region_shares(before, after)

    assert shares["face"].item() == pytest.approx(0.75)
    assert shares["hair"].item() == pytest.approx(0.25)
    assert shares["elsewhere"].item() == 0


def test_changed_attributes_are_counted_and_the_wanted_one_is_looked_for() -> None:
    class Teller(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 9 * (x.flatten(1)[:, :3] - 0.5)

    def model(x: torch.Tensor) -> torch.Tensor:
        return 40 * (x.flatten(1)[:, :2] - 0.5)

    x = torch.tensor([0.6, 0.2, 0.4]).reshape(1, 3, 1, 1)
    record = search(x, model, TargetClass(1, 0.9), Identity((3, 1, 1)))
    after = torch.tensor([0.4, 0.8, 0.4]).reshape(1, 3, 1, 1)
    found = attribute_results(
        {"ours": replace(record, counterfactual=after)}, Teller(), attribute=1
    )

    assert record.reached.all()
    assert found["mnac_ours"] == 2
    assert found["attributes_target_ours"] == 1


def test_changes_that_correlate_as_labels_do_differ_by_nothing() -> None:
    labels = torch.tensor([[1, 1, 0], [0, 0, 0], [1, 0, 1], [0, 1, 1]]).bool()
    before = torch.full((4, 3), 0.4)
    before[1] = 0.6
    same = before.clone()
    same[0, :2], same[1, :2] = 0.6, 0.4  # the first two move together
    apart = before.clone()
    apart[0, 0], apart[1, 0] = 0.6, 0.4

    found, other, none = (
        correlation_difference(before, each, labels, 0)
        for each in (apart, same, before)
    )

    assert found.value == pytest.approx(0)
    assert other.value == pytest.approx(1)
    assert found.low <= other.low <= other.high
    assert not math.isnan(none.value)


def test_logits_are_corrected_for_a_class_that_came_more_often() -> None:
    labels = torch.tensor([0] * 9 + [1])
    data = LabelledImages(torch.zeros(10, 1, 2, 2), labels)
    rarer, times = rarer_class(data)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    before = model(data.images).softmax(1)
    correct_prior(model, rarer, times)
    after = model(data.images).softmax(1)
    odds = [each[0, 1] / each[0, 0] for each in (before, after)]

    assert (rarer, times) == (1, 3)
    assert (odds[0] / odds[1]).item() == pytest.approx(3)
