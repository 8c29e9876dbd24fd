"""What metrics say of methods and controls: a number for each row, intervals, pairs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from diffeo.evaluation.intervals import Interval, interval_of
from diffeo.evaluation.metric import Metric
from diffeo.evaluation.oracles import Oracles
from diffeo.evaluation.settings import Settings
from diffeo.shapes import Scores

__all__ = ["REAL", "Evaluation", "Measurement", "Note"]

REAL = "real"


class Measurement(NamedTuple):
    """One metric of one method or control.

    Args:
        name: Name of the method or control.
        metric: The metric.
        interval: Its statistic over the rows that were measured.

    Example:
        >>> from diffeo.evaluation.metrics.outcome import success
        >>> found = Measurement("ours", success, Interval(0.5, 0.4, 0.6, rows=100))
        >>> found.interval.value
        0.5
    """

    name: str
    metric: Metric
    interval: Interval


@dataclass(frozen=True)
class Note:
    """What to know before a metric is believed.

    Args:
        metric: The metric.
        blind: Pairs of controls that it does not tell apart.
        useless: Whether it tells real data from no other control.

    Example:
        >>> from diffeo.evaluation.metrics.change import ssim_median
        >>> Note(ssim_median, (("real", "noise"),), useless=False).sentence
        'ssim_median does not tell real from noise.'
    """

    metric: Metric
    blind: tuple[tuple[str, str], ...]
    useless: bool

    @property
    def sentence(self) -> str:
        """The same for people; empty if the metric tells all controls apart."""

        name = self.metric.name

        if self.useless:
            return f"{name} is useless here: no control differs from real data."

        pairs = ", ".join(f"{one} from {other}" for one, other in self.blind)

        return f"{name} does not tell {pairs}." if pairs else ""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What every metric says of every row of every method and control.

    Args:
        metrics: What was measured.
        scores: By method or control, then by metric: a number for each row, NaN where
            there is none.
        controls: Names of the controls; real data are called "real".
        settings: How judges were trained, and how often rows are drawn again for an
            interval that is no share's.
        oracles: The independent models among the judges, if there were any.

    Example:
        >>> import torch
        >>> from diffeo.evaluation.metric import Better
        >>> gray = Metric("gray", Better.HIGHER, "Gray value.", lambda record, _: ...)
        >>> scores = {"ours": {"gray": torch.tensor([1.0, 3.0])}}
        >>> Evaluation((gray,), scores).as_results()["ours_gray"]
        2.0
    """

    metrics: tuple[Metric, ...]
    scores: Mapping[str, Mapping[str, Scores]]
    controls: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    oracles: Oracles | None = None

    @cached_property
    def measurements(self) -> tuple[Measurement, ...]:
        """All statistics with their intervals, wherever a row was measured."""

        resamples = self.settings.resamples
        every = (
            Measurement(
                name,
                metric,
                interval_of(scores[metric.name], metric.statistic, resamples),
            )
            for name, scores in self.scores.items()
            for metric in self.metrics
        )

        return tuple(each for each in every if each.interval.rows)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the controls say of each metric."""

        return tuple(map(self._note, self.metrics))

    def as_results(self) -> dict[str, float]:
        """Return flat names to numbers: NAME_METRIC with its _low and _high.

        If the judges were hardly trained, "quick" is 1.
        """

        results = {"quick": 1.0} if self.settings.quick else {}

        for name, metric, interval in self.measurements:
            results |= interval.as_results(f"{name}_{metric.name}")

        return results

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
            self.difference(name, other, metric), resamples=self.settings.resamples
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

    def _note(self, metric: Metric) -> Note:
        """Return which controls a metric tells apart: those of disjoint intervals.

        There are many pairs and no correction for that: it is a hint, not a test.
        """

        controls = {
            each.name: each.interval
            for each in self.measurements
            if each.metric == metric and each.name in self.controls
        }
        blind = tuple(
            (name, other)
            for name, other in combinations(controls, 2)
            if controls[name].low <= controls[other].high
            and controls[other].low <= controls[name].high
        )
        alike = sum(REAL in pair for pair in blind)

        return Note(metric, blind, REAL in controls and alike == len(controls) - 1)
