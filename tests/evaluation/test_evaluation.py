import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.comparison import apply_metrics
from diffeo.evaluation.controls import Subject
from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.intervals import median
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, Metric, by_class, metric
from diffeo.evaluation.metrics.outcome import l2_latent_median
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings, quick_settings
from diffeo.evaluation.table import print_table, write_evaluation
from diffeo.evaluation.task import Task
from diffeo.objectives import TargetClass
from records import record

ROWS = 40


def subject(level: float, rows: int = ROWS, seed: int = 0) -> Subject:
    """Rows whose brightness varies a little; the last did not succeed."""

    generator = torch.Generator().manual_seed(seed)
    x = level + 0.1 * torch.randn(rows, 1, 1, 1, generator=generator)
    found = record(torch.zeros_like(x), x)
    found.outcome[-1] = Outcome.EXHAUSTED

    return Subject(found, found.reached)


def brightness(record: Counterfactuals, _: Judges) -> torch.Tensor:
    """Bright is good."""

    return record.counterfactual.flatten()


def judges() -> Judges:
    data = LabelledImages(torch.zeros(2, 1, 1, 1), torch.tensor([0, 1]))
    task = Task(lambda x: x, Identity((1, 1, 1)), TargetClass(1))

    return Judges(task, Reference(data, data), Settings(), data.images)


METRICS = (
    Metric("bright_mean", Better.HIGHER, "Bright is good.", brightness),
    Metric("bright_median", Better.HIGHER, "Bright is good.", brightness, median),
    Metric(
        "success",
        Better.HIGHER,
        "Share that succeeded.",
        lambda record, _: record.reached.double(),
        failures=True,
    ),
    Metric(
        "constant",
        Better.LOWER,
        "Always the same.",
        lambda record, _: torch.ones(len(record)),
    ),
    Metric(
        "time",
        Better.LOWER,
        "Never there.",
        lambda record, _: torch.full((len(record),), torch.nan),
    ),
)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    subjects = {
        "ours": subject(0.8, seed=1),
        "theirs": subject(0.4, seed=2),
        "originals": subject(0.0, seed=3),
        "real": subject(1.0, seed=4),
        "noise": subject(0.0, seed=5),
    }

    return Evaluation(
        METRICS,
        apply_metrics(subjects, METRICS, judges(), print),
        controls=("originals", "real", "noise"),
        settings=Settings(resamples=500),
    )


def kept(*settings: float) -> torch.Tensor:
    """What is measured of rows that did not fail."""

    level, rows, seed = settings

    return subject(level, int(rows), int(seed)).record.counterfactual[:-1].flatten()


def test_rows_that_failed_count_only_where_a_metric_says_so(
    evaluation: Evaluation,
) -> None:
    results = evaluation.as_results()
    measured = kept(0.8, ROWS, 1).double()

    assert results["ours_success"] == pytest.approx((ROWS - 1) / ROWS)
    assert results["ours_bright_mean"] == pytest.approx(measured.mean().item())
    assert results["ours_bright_median"] == pytest.approx(np.median(measured))
    assert results["ours_bright_mean_low"] < results["ours_bright_mean"]
    assert results["ours_bright_mean"] < results["ours_bright_mean_high"]


def test_what_was_not_measured_is_not_in_the_table(evaluation: Evaluation) -> None:
    assert not any("time" in name for name in evaluation.as_results())


def test_a_metric_that_cannot_tell_real_data_is_said_to_be_useless(
    evaluation: Evaluation,
) -> None:
    notes = {note.metric.name: note for note in evaluation.notes}

    useless = {name for name, note in notes.items() if note.useless}
    assert useless == {"constant", "success"}
    assert "constant is useless here" in notes["constant"].sentence
    assert notes["bright_mean"].blind == (("originals", "noise"),)
    assert "does not tell originals from noise" in notes["bright_mean"].sentence
    assert notes["time"].sentence == ""


def test_methods_are_paired_over_the_same_factuals(evaluation: Evaluation) -> None:
    found = evaluation.paired("ours", "theirs", "bright_mean")
    ours, theirs = kept(0.8, ROWS, 1).double(), kept(0.4, ROWS, 2).double()

    assert found.value == pytest.approx((ours - theirs).mean().item())
    assert found.low > 0
    assert found.rows == ROWS - 1


def test_the_way_to_real_data_is_measured(evaluation: Evaluation) -> None:
    assert evaluation.closed("ours", "bright_mean") == pytest.approx(0.8, abs=0.05)
    assert evaluation.closed("originals", "bright_mean") == 0
    assert evaluation.closed("real", "bright_mean") == 1


def printed(evaluation: Evaluation, width: int) -> str:
    text = io.StringIO()
    print_table(evaluation, Console(file=text, width=width))

    return text.getvalue()


def test_the_table_is_written(evaluation: Evaluation, tmp_path: Path) -> None:
    write_evaluation(evaluation, tmp_path / "table.csv")

    with (tmp_path / "table.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == len(evaluation.measurements)
    assert float(rows[0]["value"]) == evaluation.measurements[0].interval.value
    assert {row["better"] for row in rows} == {"higher", "lower"}
    assert {row["quick"] for row in rows} == {"0"}


def test_the_table_fits_a_terminal_with_each_metric_on_one_line(
    evaluation: Evaluation,
) -> None:
    metrics = [
        replace(each, name=f"{each.name}_of_22_letters"[:22]) for each in METRICS[:4]
    ]
    widths = {"ours": -0.012, "theirs": -0.012} | dict.fromkeys(
        evaluation.controls, -0.0123
    )
    wide = replace(
        evaluation,
        metrics=tuple(metrics),
        scores={
            name: {each.name: torch.full((ROWS,), value) for each in metrics}
            for name, value in widths.items()
        },
    )
    lines = printed(wide, 80).splitlines()

    for name in ("bright_mean_of_22_lett ↑", "constant_of_22_letters ↓"):
        (ours, theirs) = [line for line in lines if name in line]
        assert "-0.012 [-0.012, -0.012]" in ours
        assert "]" in theirs
        assert ours.count("-0.0123") == 3

    assert max(map(len, lines)) <= 80
    assert "useless here" in printed(evaluation, 80)


def test_judges_that_hardly_learned_leave_a_mark(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    quick = replace(evaluation, settings=quick_settings())
    write_evaluation(quick, tmp_path / "table.csv")

    with (tmp_path / "table.csv").open() as file:
        assert {row["quick"] for row in csv.DictReader(file)} == {"1"}

    assert quick.as_results()["quick"] == 1
    assert "hardly trained" in printed(quick, 80)
    assert "quick" not in evaluation.as_results()
    assert "hardly trained" not in printed(evaluation, 80)


def test_what_is_done_is_told() -> None:
    told: list[str] = []
    subjects = {"ours": subject(0.8), "noise": subject(0.0)}
    apply_metrics(subjects, METRICS[:2], judges(), told.append)

    assert told == [
        "bright_mean of ours",
        "bright_mean of noise",
        "bright_median of ours",
        "bright_median of noise",
    ]


def test_judges_are_made_once_and_told() -> None:
    told: list[str] = []
    found = replace(judges(), tell=told.append)

    assert found.once("Counting", lambda: 1) == 1
    assert found.once("Counting", lambda: 2) == 1
    assert told == ["Counting"]


def test_coordinates_are_those_of_8_bit_images() -> None:
    x = torch.tensor([0.0, 0.31, 0.31 + 1 / 255, 1.1]).reshape(4, 1, 1, 1)
    found = judges().encode(x).flatten() * 255

    assert found.tolist() == pytest.approx([0, 79, 80, 255])


def test_a_change_below_a_gray_level_has_no_length_in_coordinates() -> None:
    x = torch.full((1, 1, 1, 1), 100 / 255)
    found = record(x, x + 0.4 / 255)

    assert found.distance > 0
    assert l2_latent_median.measure(found, judges()).item() == 0


def test_a_metric_is_called_and_read_as_its_function() -> None:
    found = metric(Better.LOWER, median)(brightness)

    assert found == Metric(
        "brightness", Better.LOWER, "Bright is good.", brightness, median
    )


def test_a_rule_sees_each_class_by_itself() -> None:
    labels = torch.tensor([2, 0, 2, 1])
    found = by_class(labels, lambda label, rows: 10.0 * label + rows)

    assert found.tolist() == [20, 1, 22, 13]
