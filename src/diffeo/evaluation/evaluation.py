"""What metrics say of methods and controls: a number for each row, intervals, pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from diffeo.evaluation.fitted_oracles import Oracles
from diffeo.evaluation.intervals import Interval, interval_of
from diffeo.evaluation.metric import Metric
from diffeo.evaluation.table import Measurement, Note, Table
from diffeo.shapes import Scores

__all__ = ["REAL", "Evaluation"]

REAL = "real"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What every metric says of every row of every method and control.

    Args:
        metrics: What was measured.
        scores: By method or control, then by metric: a number for each row, NaN where
            there is none.
        controls: Names of the controls; real data are called "real".
        resamples: Number of times that rows are drawn again for an interval that is no
            share's.
        quick: Whether the judges were hardly trained.
        oracles: The independent models among the judges, if there were any.

    Example:
        >>> import torch
        >>> from diffeo.evaluation.metric import Better
        >>> gray = Metric("gray", Better.HIGHER, "Gray value.", lambda record, _: ...)
        >>> scores = {"ours": {"gray": torch.tensor([1.0, 3.0])}}
        >>> Evaluation((gray,), scores).table().as_results()["ours_gray"]
        2.0
    """

    metrics: tuple[Metric, ...]
    scores: Mapping[str, Mapping[str, Scores]]
    controls: tuple[str, ...] = ()
    resamples: int = 10_000
    quick: bool = False
    oracles: Oracles | None = None

    def table(self) -> Table:
        """Return all statistics with their intervals, and what the controls say.

        There is no statistic where no row was measured.
        """

        found = [
            Measurement(
                name,
                metric.name,
                metric.better,
                *interval_of(scores[metric.name], metric.statistic, self.resamples),
            )
            for name, scores in self.scores.items()
            for metric in self.metrics
            if scores[metric.name].isfinite().any()
        ]
        controls = [each for each in found if each.name in self.controls]
        notes = [
            _note(metric, [each for each in controls if each.metric == metric.name])
            for metric in self.metrics
        ]

        return Table(tuple(found), tuple(notes), self.controls, self.quick)

    def paired(self, name: str, other: str, metric: str) -> Interval:
        """Return the mean difference of two methods over the same factuals.

        Pairing takes out what the factuals themselves contribute. Rows in which either
        method has no number are left out; it is `UNKNOWN` if none is left.

        Args:
            name: One method.
            other: Another, whose number is subtracted.
            metric: Name of what is compared.
        """

        return interval_of(
            self.difference(name, other, metric), resamples=self.resamples
        )

    def difference(self, name: str, other: str, metric: str) -> Scores:
        """Return the difference of two methods in each of the factuals of both.

        Args:
            name: One method.
            other: Another, whose number is subtracted.
            metric: Name of what is compared.
        """

        one, two = (self.scores[each][metric].double() for each in (name, other))
        rows = min(len(one), len(two))

        return one[:rows] - two[:rows]

    def closed(self, name: str, metric: str) -> float:
        """Return how much of the way from the originals to real data a method has gone.

        Args:
            name: The method.
            metric: Name of what is compared, by the mean.
        """

        begin, there, end = (
            self.scores[each][metric].nanmean().item()
            for each in ("originals", name, REAL)
        )

        return (begin - there) / (begin - end)


def _note(metric: Metric, controls: Sequence[Measurement]) -> Note:
    """Return which controls a metric tells apart: those of disjoint intervals.

    There are many pairs and no correction for that: it is a hint, not a test.
    """

    blind = tuple(
        (one.name, other.name)
        for one, other in combinations(controls, 2)
        if one.low <= other.high and other.low <= one.high
    )
    real = any(each.name == REAL for each in controls)
    alike = sum(REAL in pair for pair in blind)

    return Note(metric.name, metric.reading, blind, real and alike == len(controls) - 1)
