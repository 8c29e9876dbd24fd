import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.oracle_training import ClassifierSettings
from diffeo.objectives import Agreed, Point
from diffeo.shapes import Memory, Scores
from mirrored import record_of
from reproduction.experiment import ExperimentOptions
from reproduction.truth.audited import TRUTH_AUDIT, of_changes, places
from reproduction.truth.confidences import Shares, chosen
from reproduction.truth.experiment import TRUTH, TRUTH_AGREED
from reproduction.truth.forms import FORMS
from reproduction.truth.measures import light, size, slope
from reproduction.truth.methods import NAMES
from reproduction.truth.models import misled
from reproduction.truth.others import other_classifiers
from reproduction.truth.saliency import saliency
from reproduction.truth.scores import mass, scores, spread_of
from reproduction.truth.strokes import length, thickness
from reproduction.truth.tasks import TASKS

COUNT = 200
TASK = "patch"  # of quick runs
Drawn = Callable[[str], LabelledImages]


@pytest.fixture(scope="module")
def drawn(data: Path) -> Drawn:
    """From the name of a task to test images of it."""

    images = {name: task.images("test", data, COUNT) for name, task in TASKS.items()}

    return images.__getitem__


@pytest.mark.parametrize("name", TASKS)
def test_the_cue_decides_the_class_and_nothing_else_does(
    name: str, drawn: Drawn
) -> None:
    task, data = TASKS[name], drawn(name)

    for attribute, measure in task.attributes.items():
        less, more = (measure(data.of(label)) for label in (0, 1))

        if attribute == task.cue:
            middle = (less.mean() + more.mean()) / 2
            assert (less < middle).float().mean() > 0.98
            assert (more > middle).float().mean() > 0.98
        else:
            spread = torch.cat((less, more)).std()
            assert (less.mean() - more.mean()).abs() < 0.4 * spread, attribute


@pytest.mark.parametrize("name", TASKS)
def test_real_images_of_the_other_class_name_the_cue_and_others_do_not(
    name: str, drawn: Drawn
) -> None:
    task, data = TASKS[name], drawn(name)
    spread = spread_of(task, data)
    before, after = data.of(0)[:50], data.of(1)[:50]
    record = replace(record_of(before), counterfactual=before)
    good = scores(task, spread, replace(record, counterfactual=after), 0)
    bad = scores(task, spread, record, 0)
    noise = torch.rand(before.shape, generator=torch.Generator().manual_seed(0))
    lie = scores(task, spread, replace(record, counterfactual=noise), 0)

    assert good["named"].float().mean() > 0.95
    assert good["no_lie"].float().mean() > 0.8
    assert bad["named"].float().mean() < 0.05
    assert bad["no_lie"].float().mean() > 0.8
    assert lie["no_lie"].float().mean() < 0.1


@pytest.mark.parametrize("name", ["patch", "marker"])
def test_between_images_that_differ_in_their_cue_alone_all_mass_is_on_its_place(
    name: str, data: Path
) -> None:
    task = TASKS[name]
    assert task.place is not None
    x = task.read("test", data, 4)
    less, more = (
        task.make(x.clone(), torch.full((4,), label), torch.Generator().manual_seed(0))
        for label in (0, 1)
    )
    everywhere = torch.ones_like(less)

    assert (less - more).flatten(1).abs().sum(1).min() > 0.5
    torch.testing.assert_close(mass(less - more, task.place), torch.ones(4))
    torch.testing.assert_close(
        mass(everywhere, task.place), task.place.float().mean().expand(4)
    )


@pytest.mark.parametrize("width", [2, 3, 4])
def test_thickness_and_length_are_those_of_a_bar(width: int) -> None:
    x = torch.zeros(1, 1, 28, 28)
    x[..., 10 : 10 + width, 4:24] = 0.8

    assert thickness(x).item() == pytest.approx(width, abs=0.35)
    assert length(x).item() == pytest.approx(20, abs=width)


def test_an_image_without_strokes_has_no_thickness() -> None:
    x = torch.zeros(1, 1, 28, 28)

    assert thickness(x).item() == length(x).item() == 0


def test_drawn_strokes_are_measured_as_wide_as_they_were_drawn(data: Path) -> None:
    task = TASKS["thickness"]
    x = task.read("test", data, 40)
    thin, thick = (
        thickness(task.make(x, torch.full((40,), label), torch.Generator()))
        for label in (0, 1)
    )

    assert 1.6 < thin.mean() < 2.7
    assert 2.9 < thick.mean() < 4.2


@pytest.mark.parametrize("side", [6, 9, 12])
def test_the_size_of_a_square_is_its_side(side: int) -> None:
    x = torch.zeros(1, 1, 28, 28)
    x[..., 8 : 8 + side, 8 : 8 + side] = 0.7

    assert size(x).item() == pytest.approx(side, abs=0.3)


def test_light_is_the_mean_of_a_figure_and_its_slope_does_not_depend_on_it() -> None:
    at = torch.linspace(-1, 1, 28)
    x = torch.zeros(1, 1, 28, 28)
    x[..., 4:24, 4:24] = (0.5 * (1 + 0.2 * at)).expand(28, 28)[4:24, 4:24]

    assert light(x).item() == pytest.approx(0.5, abs=1e-3)
    assert slope(x, 2).item() == pytest.approx(0.2, abs=1e-3)
    assert slope(x, 1).item() == pytest.approx(0, abs=1e-3)
    torch.testing.assert_close(slope(x / 2, 2), slope(x, 2))


def test_a_tenth_of_the_labels_is_wrong_where_cue_and_class_correlate() -> None:
    data = LabelledImages(torch.zeros(5000, 1, 2, 2), torch.arange(5000) % 2)
    wrong = (misled(data).labels != data.labels).float()

    assert wrong.mean().item() == pytest.approx(0.1, abs=0.015)
    assert wrong[::2].mean().item() == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(
    ("named", "no_lie", "best"),
    [
        ((0.96, 0.99, 1.0), (0.1, 0.5, 0.9), 0.99),
        ((0.5, 0.95, 1.0), (0.9, 0.1, 0.9), 0.999),
        ((0.5, 0.6, 0.7), (0.9, 0.9, 0.5), 0.999),
    ],
)
def test_the_lowest_confidence_that_is_enough_is_chosen_or_else_the_best(
    named: tuple[float, ...], no_lie: tuple[float, ...], best: float
) -> None:
    levels = 0.99, 0.999, 0.9999
    known = dict(zip(levels, map(Shares, named, no_lie), strict=True))

    assert chosen(levels, known.__getitem__) == best


def test_saliency_of_a_model_that_looks_at_a_corner_is_in_the_corner() -> None:
    place = torch.zeros(28, 28, dtype=torch.bool)
    place[:4, :4] = True

    def model(x: torch.Tensor) -> torch.Tensor:
        value = (x[:, 0] * place).flatten(1).sum(1)

        return torch.stack((-value, value), 1)

    x = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    maps = saliency(model, x, 1)

    assert mass(maps["integrated_gradients"], place).min() > 0.99
    assert mass(maps["occlusion"], place).min() > 0.4


@pytest.fixture
def options(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> ExperimentOptions:
    """Options of a quick run on one task, at one level of confidence."""

    forms = tuple(replace(form, levels=form.levels[:1]) for form in FORMS)
    monkeypatch.setattr("reproduction.truth.experiment.TASKS", {TASK: TASKS[TASK]})
    monkeypatch.setattr("reproduction.truth.experiment.FORMS", forms)

    return ExperimentOptions(tmp_path / "out", data, quick=True, progress=False)


def test_all_methods_are_scored_on_all_tasks(options: ExperimentOptions) -> None:
    results = TRUTH.run(options)

    for method in NAMES:
        for what in ("named", "no_lie"):
            each = [results[f"{TASK}_{form}{method}_{what}"] for form in ("", "90_")]
            assert results[f"{method}_{what}"] == pytest.approx(sum(each) / len(each))

        assert 0 <= results[f"{TASK}_{method}_mass"] <= 1

    assert results["patch_chance_mass"] == pytest.approx(16 / 784)
    assert {"patch_occlusion_mass", "patch_90_integrated_gradients_mass"} < set(results)
    assert json.loads((options.out / "results.json").read_text()) == results
    assert {f"{TASK}_{form.name}.png" for form in FORMS} <= {
        path.name for path in options.out.iterdir()
    }


def test_what_classifiers_agree_on_is_scored_by_itself(
    options: ExperimentOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    search = Agreed.margin

    def margin(self: Agreed, point: Point, memory: Memory) -> Scores:
        asked.append(1 + len(self.models))

        return search(self, point, memory)

    monkeypatch.setattr(Agreed, "margin", margin)
    results = TRUTH_AGREED.run(options)

    assert set(asked) == {3}
    assert {"agreed_named", f"{TASK}_90_agreed_no_lie", "agreed_level"} < set(results)
    assert not any("closest" in key for key in results)

    for method in ("adversarial_agreed", "revise_agreed", "prototypes_agreed"):
        for form in ("", "decides_", "correlates_"):
            ahead = results[f"agreed_{form}named"] - results[f"{method}_{form}named"]
            stem = f"agreed_minus_{method}_{form}named"
            assert results[stem] == pytest.approx(ahead)
            assert results[f"{stem}_low"] <= ahead <= results[f"{stem}_high"]


def test_the_places_of_an_audit_are_all_pixels_once() -> None:
    masks = torch.stack(list(places().values()))

    assert (masks.sum(0) == 1).all()
    assert places()["patch"].sum() == 16


def test_an_audit_tells_the_share_of_the_patch(options: ExperimentOptions) -> None:
    results = TRUTH_AUDIT.run(options)
    areas = [results[f"patch_audit_{name}_area"] for name in places()]

    assert sum(areas) == pytest.approx(1)

    for form in ("", "90_"):
        assert 0 <= results[f"patch_{form}audit_reached"] <= 1
        assert {f"patch_{form}audit_{name}_share" for name in places()} < set(results)

    assert (options.out / "provenance.json").is_file()


@pytest.mark.parametrize("elsewhere", [0.1, 0.9])
def test_most_of_a_change_is_in_the_patch_or_not(elsewhere: float) -> None:
    changes = torch.zeros(3, 1, 28, 28)
    changes[..., 1, 1] = 0.5
    changes[..., 14, 14] = elsewhere
    found = of_changes(changes)

    assert found["patch_share"] == pytest.approx(0.5 / (0.5 + elsewhere))
    assert found["largest_is_patch"] == float(elsewhere < 0.5)
    assert found["largest_cell_is_patch"] == float(elsewhere < 0.5)


def test_further_classifiers_learn_and_differ_from_each_other(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFEO_CACHE", str(tmp_path))
    data = drawn("size")
    how = ClassifierSettings(width=4, steps=60, size=50, rate=1e-2)
    found = [model(data.images) for model in other_classifiers(data, how)]

    assert not torch.equal(*found)

    for outputs in found:
        assert (outputs.argmax(1) == data.labels).float().mean() > 0.9
