from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.data.mnist import sample_digits
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.comparison import compare
from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, Metric, metric
from diffeo.evaluation.metrics.agreement import oracles_target
from diffeo.evaluation.metrics.change import ssim_median
from diffeo.evaluation.metrics.outcome import class_distance, success
from diffeo.evaluation.metrics.realism import im1_mean
from diffeo.evaluation.oracle_training import AutoencoderSettings, ClassifierSettings
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings
from diffeo.evaluation.task import Task
from diffeo.models.classifiers import cnn
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.recipes import Level, glow
from diffeo.objectives import AtLeast, TargetClass
from records import record

ROWS = 6
NEEDED = (
    "success",
    "ssim_median",
    "l2_data_median",
    "l2_latent_median",
    "svm_target",
    "knn_target",
    "im1_mean",
    "typicality_median",
)


def reference() -> Reference:
    digits = sample_digits()
    data = LabelledImages(digits.images, digits.labels)

    return Reference(*data.select(slice(None, 600)).split(3))


def flow() -> Flow:
    found = glow((1, 28, 28), [Level(1, 4)], bins=4)
    initialize(found, sample_digits().images[:50])

    return found.eval().requires_grad_(requires_grad=False)


def records() -> dict[str, Counterfactuals]:
    """Fours that become other nines, and fours that only become brighter."""

    digits = sample_digits()
    x, nines = (digits.images[digits.labels == label][-ROWS:] for label in (4, 9))
    made = {"swap": nines, "glow": (x + 0.1).clamp(0, 1)}
    found = {
        name: record(x, after, target=9, classes=10) for name, after in made.items()
    }

    for each in found.values():
        each.outputs_before[:, 4] = 9.0

    return found


def task() -> Task:
    return Task(cnn((1, 28, 28), 10, width=2).eval(), flow(), TargetClass(9))


def evaluate(
    record: Counterfactuals,
    task: Task,
    reference: Reference,
    settings: Settings,
    metrics: Sequence[Metric] | None = None,
) -> Evaluation:
    """The evaluation of one record."""

    records = {"counterfactuals": record}

    return compare(records, task, reference, settings=settings, metrics=metrics)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        autoencoder=AutoencoderSettings(latent=4, hidden=(32,), steps=100, size=16),
        classifiers=(ClassifierSettings(width=2, steps=20),),
        trees=10,
        resamples=200,
        cache=Cache(tmp_path_factory.mktemp("cache")),
    )


@pytest.fixture(scope="module")
def evaluation(settings: Settings) -> Evaluation:
    found = records()

    return compare(
        found,
        task(),
        reference(),
        untrained=found["glow"].select(torch.arange(2)),
        settings=settings,
    )


@pytest.mark.parametrize(
    "name", ["swap", "glow", "originals", "real", "noise", "untrained"]
)
def test_every_method_and_control_has_every_figure(
    evaluation: Evaluation, name: str
) -> None:
    results = evaluation.as_results()

    for needed in NEEDED:
        assert f"{name}_{needed}" in results
        assert f"{name}_{needed}_low" in results


def test_the_judges_tell_a_nine_from_a_brighter_four(evaluation: Evaluation) -> None:
    results = evaluation.as_results()

    for name in ("knn_target", "svm_target"):
        assert results[f"swap_{name}"] > results[f"glow_{name}"]

    assert results["swap_im1_mean"] < results["glow_im1_mean"]
    assert evaluation.paired("swap", "glow", "im1_mean").high < 0


def test_controls_are_what_they_should_be(evaluation: Evaluation) -> None:
    results = evaluation.as_results()

    assert results["originals_ssim_median"] == pytest.approx(1)
    assert results["originals_l2_data_median"] == 0
    assert results["noise_l2_data_median"] == pytest.approx(
        results["swap_l2_data_median"], rel=1e-4
    )
    assert results["swap_seconds_per_image"] == 0.5
    assert "real_seconds_per_image" not in results
    assert "real_composition_error_mean" not in results


def test_figures_are_those_of_the_metrics(evaluation: Evaluation) -> None:
    after = records()["swap"].counterfactual
    fours = reference().held_out.of(4)
    found = evaluation.scores["swap"]["l2_data_class_mean"]

    torch.testing.assert_close(found, class_distance(after, fours).double())


def test_im1_takes_each_rows_own_classes() -> None:
    whole = records()["swap"]
    mixed = replace(whole, target=torch.tensor([9.0, 9, 9, 7, 7, 7]))
    judges = Judges(task(), reference(), Settings(), mixed.factual)

    for label in (4, 7, 9):
        words = f"Training an autoencoder of class {label}"
        judges.once(words, partial(partial, torch.add, label))

    found = im1_mean.measure(mixed, judges)

    np.testing.assert_allclose(found, [9 / 4] * 3 + [7 / 4] * 3, rtol=1e-5)


def test_judges_are_trained_once(evaluation: Evaluation, settings: Settings) -> None:
    assert evaluation.scores
    files = {path: path.stat().st_mtime_ns for path in settings.cache.folder.iterdir()}
    table = evaluate(records()["swap"], task(), reference(), settings)

    assert table.as_results()["counterfactuals_im1_mean"] > 0
    assert (
        files.items()
        <= {
            path: path.stat().st_mtime_ns for path in settings.cache.folder.iterdir()
        }.items()
    )


def test_methods_start_from_the_same_factuals(settings: Settings) -> None:
    found = records()
    other = found["glow"].select(torch.arange(ROWS).flip(0))

    with pytest.raises(ValueError, match="same factuals, got other ones in glow"):
        compare({**found, "glow": other}, task(), reference(), settings=settings)

    with pytest.raises(ValueError, match="untrained record must have the first"):
        compare(found, task(), reference(), untrained=other, settings=settings)

    with pytest.raises(ValueError, match="records must be at least one"):
        compare({}, task(), reference(), settings=settings)


def test_a_record_may_be_of_other_coordinates(
    evaluation: Evaluation, settings: Settings
) -> None:
    found = records()["swap"]
    other = replace(
        found,
        origin=torch.full((ROWS, 3), torch.nan),
        latent=torch.full((ROWS, 3), torch.nan),
    )
    table = evaluate(other, task(), reference(), settings).as_results()
    before = evaluation.as_results()

    for name in NEEDED:
        assert table[f"counterfactuals_{name}"] == before[f"swap_{name}"]


def test_judges_never_see_the_factuals(settings: Settings) -> None:
    digits = reference()
    found = record(
        digits.train.images[digits.train.labels == 4][:ROWS],
        digits.train.images[digits.train.labels == 9][:ROWS],
        target=9,
        classes=10,
    )
    found.outputs_before[:, 4] = 9.0
    seen: list[Judges] = []

    @metric(Better.HIGHER)
    def spy(record: Counterfactuals, judges: Judges) -> torch.Tensor:
        """Keep the judges."""

        seen.append(judges)

        return record.seconds

    evaluate(found, task(), digits, settings, metrics=[spy])
    distances = torch.cdist(
        found.factual.flatten(1), seen[0].reference.train.images.flatten(1)
    )

    assert len(seen[0].reference.train) == len(digits.train) - ROWS
    assert distances.min() > 0.1


class Spoiled(nn.Module):
    """A classifier of ten classes that answers NaN to the counterfactuals."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bright = x.flatten(1).mean(1, keepdim=True).expand(-1, 10)

        return torch.where(bright > 0.15, torch.nan, bright)


class Stuck:
    """Coordinates that are nowhere."""

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return torch.full((len(x), 2), torch.nan)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(z), 1, 28, 28)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": Spoiled().eval()}, "finite outputs, got NaN"),
        ({"model": cnn((1, 28, 28), 10, width=2)}, "must be in evaluation mode"),
        ({"model": cnn((1, 28, 28), 3, width=2).eval()}, r"\(10,\) a row, got \(3,\)"),
        ({"model": cnn((3, 28, 28), 10, width=2).eval()}, "the model failed on"),
        ({"coordinates": Stuck()}, "encode must return finite numbers"),
    ],
)
def test_what_cannot_judge_is_refused_before_anything_is_trained(
    change: dict[str, Any], message: str, settings: Settings, tmp_path: Path
) -> None:
    fresh = replace(settings, cache=Cache(tmp_path / "cache"))

    with pytest.raises(ValueError, match=message):
        evaluate(records()["glow"], replace(task(), **change), reference(), fresh)

    assert not (tmp_path / "cache").exists()


def test_targets_and_data_have_the_same_classes(settings: Settings) -> None:
    found, data = records()["swap"], reference()
    no_nines = data.train.select(data.train.labels != 9)
    poor = replace(data, train=no_nines)

    with pytest.raises(ValueError, match=r"training data must .* got none of class 9"):
        evaluate(found, task(), poor, settings)

    half = replace(found, target=found.target + 0.5)

    with pytest.raises(
        ValueError, match=r"one of the 10 classes .* got the value 9\.5"
    ):
        evaluate(half, task(), data, settings)


def test_counterfactuals_of_a_regressor_are_judged_by_values(
    settings: Settings,
) -> None:
    digits = sample_digits()
    x, bright = digits.images, digits.images.flatten(1).mean(1)
    asked = Task(lambda x: x.flatten(1).mean(1), Identity((1, 28, 28)), AtLeast(0.15))
    data = Reference(*(LabelledImages(x[a:800:4], bright[a:800:4]) for a in (0, 1)))
    rows = torch.arange(900, 900 + ROWS)
    made = {"up": (x[rows] + 0.1).clamp(0, 1), "same": x[rows]}
    found = {
        name: replace(
            record(x[rows], after),
            target=torch.full((ROWS,), 0.15),
            outputs_before=bright[rows],
            outputs_after=bright[rows],
        )
        for name, after in made.items()
    }
    results = compare(found, asked, data, settings=settings).as_results()

    for name in ("oracle_value_error_mean", "neighbor_value_error_mean"):
        assert results[f"up_{name}"] < results[f"same_{name}"]
        assert results[f"real_{name}"] < results[f"originals_{name}"]

    assert results["real_success"] == 1
    assert "up_svm_target" not in results


def test_images_too_small_for_a_window_have_no_similarity(settings: Settings) -> None:
    x = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    data = LabelledImages(x, torch.tensor([0, 1, 0, 1]))
    asked = Task(lambda x: x.flatten(1)[:, :3], Identity((1, 8, 8)), TargetClass(1))
    found = record(x[:1] / 2, x[1:2])
    results = evaluate(
        found,
        asked,
        Reference(data, data),
        settings,
        metrics=[success, ssim_median],
    ).as_results()

    assert results["counterfactuals_success"] == 1
    assert "counterfactuals_ssim_median" not in results


def test_progress_tells_what_is_trained_and_measured(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = replace(settings, progress=True)
    evaluate(records()["swap"], task(), reference(), shown, metrics=[success])

    assert "success of noise" in capsys.readouterr().err


def test_an_interrupt_leaves_what_was_trained(
    settings: Settings, tmp_path: Path
) -> None:
    fresh = replace(settings, cache=Cache(tmp_path))

    @metric(Better.HIGHER)
    def stop(_: Counterfactuals, __: Judges) -> torch.Tensor:
        """Interrupt."""

        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(
            records()["swap"],
            task(),
            reference(),
            fresh,
            metrics=[im1_mean, stop, oracles_target],
        )

    assert len(list(tmp_path.iterdir())) == 2
