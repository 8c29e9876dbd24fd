"""Apply metrics to methods and controls: rows, intervals, pairs, a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from diffeo.evaluation.controls import Subject
from diffeo.evaluation.intervals import Bootstrap, Interval, paired
from diffeo.evaluation.metric import Metric
from diffeo.evaluation.table import Entry, Note, Table
from diffeo.shapes import Scores

__all__ = ["REAL", "Evaluation", "judge"]

REAL = "real"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What every metric says of every row of every method and control.

    Args:
        metrics: What was measured.
        scores: By method or control, then by metric: a number for each row, not a
            number where there is none.
        controls: Which of them are controls; real data are called "real".
        bootstrap: How intervals are found.
    """

    metrics: tuple[Metric, ...]
    scores: Mapping[str, Mapping[str, Scores]]
    controls: tuple[str, ...]
    bootstrap: Bootstrap

    def table(self) -> Table:
        """Return all figures with their intervals, and what the controls say."""

        entries = tuple(
            Entry(
                name,
                metric.name,
                found.value,
                found.low,
                found.high,
                metric.better,
                found.rows,
            )
            for name in self.scores
            for metric in self.metrics
            if (found := self.figure(name, metric))
        )

        notes = tuple(self.note(metric) for metric in self.metrics)

        return Table(entries, notes, self.controls)

    def figure(self, name: str, metric: Metric) -> Interval | None:
        """Return a figure with its interval, or nothing if no row was measured."""

        scores = self.scores[name][metric.name]
        measured = scores[scores.isfinite()]

        return self.bootstrap(measured, metric.statistic) if len(measured) else None

    def note(self, metric: Metric) -> Note:
        """Return which controls a metric tells apart: those of disjoint intervals."""

        found = {
            name: figure
            for name in self.controls
            if (figure := self.figure(name, metric))
        }
        blind = tuple(
            (one, other)
            for one, other in combinations(found, 2)
            if found[one].low <= found[other].high
            and found[other].low <= found[one].high
        )
        others = [name for name in found if name != REAL]
        useless = REAL in found and all(
            (name, REAL) in blind or (REAL, name) in blind for name in others
        )

        return Note(metric.name, metric.reading, blind, useless)

    def paired(self, name: str, other: str, metric: str) -> Interval:
        """Return the mean difference of two methods over the same factuals.

        Args:
            name: One method.
            other: Another, whose number is subtracted.
            metric: What is compared.

        Raises:
            ValueError: If there is no such method or metric, or one has other rows.
        """

        one, two = self._rows(name, metric), self._rows(other, metric)

        if len(one) != len(two):
            raise ValueError(
                f"{name} and {other} must have the same factuals, got {len(one)} and "
                f"{len(two)} rows"
            )

        return paired(one, two, self.bootstrap)

    def closed(self, name: str, metric: str, *, start: str = "originals") -> float:
        """Return how much of the way from one control to real data a method has gone.

        Args:
            name: The method.
            metric: What is compared, by the mean.
            start: Where the way begins.

        Raises:
            ValueError: If there is no such method, control or metric.
        """

        begin, there, end = (
            self._rows(each, metric).nanmean().item() for each in (start, name, REAL)
        )

        return (begin - there) / (begin - end)

    def _rows(self, name: str, metric: str) -> Scores:
        if name not in self.scores:
            raise ValueError(f"name must be one of {list(self.scores)}, got {name}")

        if metric not in self.scores[name]:
            known = [each.name for each in self.metrics]

            raise ValueError(f"metric must be one of {known}, got {metric}")

        return self.scores[name][metric]


def judge(
    subjects: Mapping[str, Subject],
    metrics: Sequence[Metric],
    *,
    controls: Sequence[str] = (),
    bootstrap: Bootstrap | None = None,
) -> Evaluation:
    """Apply metrics to methods and controls.

    Args:
        subjects: Methods and controls by name.
        metrics: What to measure.
        controls: Which of the subjects are controls.
        bootstrap: How intervals are found.
    """

    scores = {
        name: {metric.name: metric(subject) for metric in metrics}
        for name, subject in subjects.items()
    }

    return Evaluation(tuple(metrics), scores, tuple(controls), bootstrap or Bootstrap())
