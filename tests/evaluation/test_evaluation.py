import csv
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from diffeo.evaluation.controls import Subject
from diffeo.evaluation.evaluation import Evaluation, judge
from diffeo.evaluation.intervals import Bootstrap, median
from diffeo.evaluation.metric import Better, Metric, by_class

ROWS = 40


def subject(brightness: float, rows: int = ROWS, seed: int = 0) -> Subject:
    """Rows whose brightness varies a little; the last did not succeed."""

    generator = torch.Generator().manual_seed(seed)
    x = brightness + 0.1 * torch.randn(rows, 1, 1, 1, generator=generator)
    success = torch.arange(rows) < rows - 1

    return Subject(
        factual=torch.zeros_like(x),
        reconstruction=torch.zeros_like(x),
        counterfactual=x,
        source=torch.zeros(rows),
        target=torch.ones(rows),
        success=success,
        judged=success,
        seconds=torch.full((rows,), torch.nan),
    )


def brightness(subject: Subject) -> torch.Tensor:
    return subject.counterfactual.flatten()


METRICS = [
    Metric("bright_mean", Better.HIGHER, "Bright is good.", brightness),
    Metric("bright_median", Better.HIGHER, "Bright is good.", brightness, median),
    Metric(
        "success",
        Better.HIGHER,
        "Share that succeeded.",
        lambda subject: subject.success.double(),
        failures=True,
    ),
    Metric(
        "constant",
        Better.LOWER,
        "Always the same.",
        lambda subject: torch.ones(len(subject)),
    ),
    Metric("time", Better.LOWER, "Never there.", lambda subject: subject.seconds),
]


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    subjects = {
        "ours": subject(0.8, seed=1),
        "theirs": subject(0.4, seed=2),
        "originals": subject(0.0, seed=3),
        "real": subject(1.0, seed=4),
        "noise": subject(0.0, seed=5),
    }

    return judge(
        subjects,
        METRICS,
        controls=("originals", "real", "noise"),
        bootstrap=Bootstrap(resamples=500),
    )


def test_rows_that_failed_count_only_where_a_metric_says_so(
    evaluation: Evaluation,
) -> None:
    results = evaluation.table().as_results()
    kept = brightness(subject(0.8, seed=1))[:-1].double()

    assert results["ours_success"] == pytest.approx((ROWS - 1) / ROWS)
    assert results["ours_bright_mean"] == pytest.approx(kept.mean().item())
    assert results["ours_bright_median"] == pytest.approx(np.median(kept))
    assert results["ours_bright_mean_low"] < results["ours_bright_mean"]
    assert results["ours_bright_mean"] < results["ours_bright_mean_high"]


def test_what_was_not_measured_is_not_in_the_table(evaluation: Evaluation) -> None:
    assert not any("time" in name for name in evaluation.table().as_results())


def test_a_metric_that_cannot_tell_real_data_is_said_to_be_useless(
    evaluation: Evaluation,
) -> None:
    table = evaluation.table()
    notes = {note.metric: note for note in table.notes}

    assert set(table.useless) == {"constant", "success"}
    assert "constant is useless here" in notes["constant"].sentence
    assert notes["bright_mean"].blind == (("originals", "noise"),)
    assert "does not tell originals from noise" in notes["bright_mean"].sentence
    assert notes["time"].sentence == ""


def test_methods_are_paired_over_the_same_factuals(evaluation: Evaluation) -> None:
    found = evaluation.paired("ours", "theirs", "bright_mean")
    ours, theirs = (
        brightness(subject(*each))[:-1].double()
        for each in ((0.8, ROWS, 1), (0.4, ROWS, 2))
    )

    assert found.value == pytest.approx((ours - theirs).mean().item())
    assert found.excludes_zero
    assert found.rows == ROWS - 1


def test_the_way_to_real_data_is_measured(evaluation: Evaluation) -> None:
    assert evaluation.closed("ours", "bright_mean") == pytest.approx(0.8, abs=0.05)
    assert evaluation.closed("originals", "bright_mean") == 0
    assert evaluation.closed("real", "bright_mean") == 1


def test_unknown_names_are_told_in_a_sentence(evaluation: Evaluation) -> None:
    with pytest.raises(ValueError, match=r"name must be one of .*, got nobody"):
        evaluation.paired("ours", "nobody", "success")

    with pytest.raises(ValueError, match=r"metric must be one of .*, got beauty"):
        evaluation.paired("ours", "theirs", "beauty")


def test_pairs_have_the_same_rows() -> None:
    few = judge({"a": subject(1.0), "b": subject(1.0, rows=3)}, METRICS)

    with pytest.raises(ValueError, match="same factuals, got 40 and 3 rows"):
        few.paired("a", "b", "success")


def test_the_table_is_printed_and_written(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    table, text = evaluation.table(), io.StringIO()
    table.show(Console(file=text, width=300))
    table.write_csv(tmp_path / "table.csv")

    with (tmp_path / "table.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert "bright_median" in text.getvalue()
    assert "useless here" in text.getvalue()
    assert len(rows) == len(table.entries)
    assert float(rows[0]["value"]) == table.entries[0].value
    assert {row["better"] for row in rows} == {"higher", "lower"}


def test_a_rule_sees_each_class_by_itself() -> None:
    labels = torch.tensor([2, 0, 2, 1])
    found = by_class(labels, lambda label, rows: 10.0 * label + rows)

    assert found.tolist() == [20, 1, 22, 13]
