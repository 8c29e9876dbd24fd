"""Apply metrics to methods and controls: a number for each row, intervals, pairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import torch

from diffeo.evaluation.controls import Subject
from diffeo.evaluation.intervals import Bootstrap, Interval, paired
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Metric
from diffeo.evaluation.table import Measurement, Note, Table
from diffeo.shapes import Scores

__all__ = ["REAL", "Evaluation", "apply_metrics"]

REAL = "real"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What every metric says of every row of every method and control.

    Args:
        metrics: What was measured.
        scores: By method or control, then by metric: a number for each row, NaN where
            there is none.
        controls: Names of the controls; real data are called "real".
        bootstrap: How intervals are found.
        quick: Whether the judges were hardly trained.

    Example:
        >>> from diffeo.evaluation.metric import Better
        >>> gray = Metric("gray", Better.HIGHER, "Gray value.", lambda record, _: ...)
        >>> scores = {"ours": {"gray": torch.tensor([1.0, 3.0])}}
        >>> Evaluation((gray,), scores).table().as_results()["ours_gray"]
        2.0
    """

    metrics: tuple[Metric, ...]
    scores: Mapping[str, Mapping[str, Scores]]
    controls: tuple[str, ...] = ()
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    quick: bool = False

    def table(self) -> Table:
        """Return all statistics with their intervals, and what the controls say."""

        found = {
            (name, metric.name): self.interval(name, metric)
            for name in self.scores
            for metric in self.metrics
        }
        measurements = tuple(
            Measurement(name, metric.name, metric.better, **vars(interval))
            for name in self.scores
            for metric in self.metrics
            if (interval := found[name, metric.name])
        )
        notes = tuple(
            _note(metric, {name: found[name, metric.name] for name in self.controls})
            for metric in self.metrics
        )

        return Table(measurements, notes, self.controls, self.quick)

    def interval(self, name: str, metric: Metric) -> Interval | None:
        """Return a statistic with its interval, or None if no row was measured."""

        scores = self.scores[name][metric.name]
        measured = scores[scores.isfinite()]

        return self.bootstrap(measured, metric.statistic) if len(measured) else None

    def paired(self, name: str, other: str, metric: str) -> Interval:
        """Return the mean difference of two methods over the same factuals.

        Args:
            name: One method.
            other: Another, whose number is subtracted.
            metric: Name of what is compared.

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
            metric: Name of what is compared, by the mean.
            start: The control where the way begins.

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


def apply_metrics(
    subjects: Mapping[str, Subject],
    metrics: Sequence[Metric],
    judges: Judges,
    *,
    tell: Callable[[str], None] = lambda words: None,  # noqa: ARG005
) -> dict[str, dict[str, Scores]]:
    """Return a number for each row, by the subject's name and then by the metric's.

    It is NaN where a row does not count.

    Args:
        subjects: Methods and controls by name.
        metrics: What to measure.
        judges: What the metrics may judge by.
        tell: Called with a few words before each metric of each subject.
    """

    scores: dict[str, dict[str, Scores]] = {name: {} for name in subjects}

    for metric in metrics:
        for name, (record, judged) in subjects.items():
            tell(f"{metric.name} of {name}")
            counted = torch.ones_like(judged) if metric.failures else judged
            found = metric.measure(record, judges).cpu().double()
            scores[name][metric.name] = found.where(counted.cpu(), torch.nan)

    return scores


def _note(metric: Metric, controls: Mapping[str, Interval | None]) -> Note:
    """Return which controls a metric tells apart: those of disjoint intervals."""

    found = {name: interval for name, interval in controls.items() if interval}
    blind = tuple(
        (one, other)
        for one, other in combinations(found, 2)
        if found[one].low <= found[other].high and found[other].low <= found[one].high
    )
    useless = REAL in found and all(
        (name, REAL) in blind or (REAL, name) in blind for name in found if name != REAL
    )

    return Note(metric.name, metric.reading, blind, useless)
