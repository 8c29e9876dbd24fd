"""Intervals of a statistic over rows: Wilson's for shares, else the bootstrap's."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.shapes import Scores

__all__ = [
    "UNKNOWN",
    "Interval",
    "Statistic",
    "bootstrap",
    "interval_of",
    "mean",
    "median",
    "share",
    "wilson",
]

Statistic = Callable[[Float[Tensor, "*samples rows"]], Float[Tensor, "*samples"]]
ENTRIES = 2_000_000  # numbers resampled at once, so that memory stays small
ENDS = 0.025, 0.975  # the quantiles that an interval reaches between: 95 percent
NORMAL = 1.959964  # the last of them, of the normal distribution


def mean(values: Float[Tensor, "*samples rows"]) -> Float[Tensor, "*samples"]:
    """Return the mean over the last axis.

    Example:
        >>> mean(torch.tensor([1.0, 2.0, 6.0]))
        tensor(3.)
    """

    return values.mean(-1)


def median(values: Float[Tensor, "*samples rows"]) -> Float[Tensor, "*samples"]:
    """Return the median over the last axis; of an even number, the middle two's mean.

    Example:
        >>> median(torch.tensor([6.0, 1.0, 2.0, 4.0]))
        tensor(3.)
    """

    return values.quantile(0.5, dim=-1)


def share(flags: Float[Tensor, "*samples rows"]) -> Float[Tensor, "*samples"]:
    """Return the share of ones over the last axis: the mean, of rows of 0 or 1 only.

    Example:
        >>> share(torch.tensor([0.0, 1.0, 1.0, 1.0]))
        tensor(0.7500)
    """

    return flags.mean(-1)


class Interval(NamedTuple):
    """A statistic with its confidence interval.

    Args:
        value: The statistic of the rows themselves.
        low: Lower end of the interval.
        high: Upper end of the interval.
        rows: Number of rows.

    Example:
        >>> Interval(0.5, low=0.4, high=0.6, rows=100).value
        0.5
    """

    value: float
    low: float
    high: float
    rows: int

    def as_results(self, stem: str) -> dict[str, float]:
        """Return the value as STEM, and the ends as STEM_low and STEM_high.

        Args:
            stem: What the value is called.
        """

        return {stem: self.value, f"{stem}_low": self.low, f"{stem}_high": self.high}


UNKNOWN = Interval(math.nan, math.nan, math.nan, rows=0)
"""That of no rows at all."""


def interval_of(
    values: Scores, statistic: Statistic = mean, resamples: int = 10_000
) -> Interval:
    """Return a statistic of the finite rows with its 95 percent interval.

    It is Wilson's for `share`, and the bootstrap's for all others; `UNKNOWN` where no
    row is finite.

    Args:
        values: A number for each row.
        statistic: What is taken over the last axis of samples of the rows.
        resamples: Number of times that a bootstrap draws all rows again.

    Example:
        >>> interval_of(torch.ones(200), share).low > 0.98
        True
    """

    exact = values[values.isfinite()].double().cpu()

    if len(exact) == 0:
        return UNKNOWN

    if statistic is share:
        return wilson(exact)

    return bootstrap(exact, statistic, resamples)


def wilson(flags: Scores) -> Interval:
    """Return the share of ones among rows with its 95 percent interval.

    Where all rows are alike it has a width, unlike the bootstrap's: 200 successes of
    200 only say that the rate is above 0.98.

    Source: Wilson, 1927, Probable inference, the law of succession, and statistical
    inference.

    Args:
        flags: 1 or 0 for each row, at least one.

    Example:
        >>> round(wilson(torch.ones(200)).low, 3)
        0.981
    """

    value, rows = flags.mean().item(), len(flags)
    shrink = 1 + NORMAL**2 / rows
    center = (value + NORMAL**2 / (2 * rows)) / shrink
    half = value * (1 - value) / rows + (NORMAL / (2 * rows)) ** 2
    width = NORMAL * half**0.5 / shrink

    low, high = max(0.0, center - width), min(1.0, center + width)

    return Interval(value, min(value, low), max(value, high), rows)


def bootstrap(
    values: Scores, statistic: Statistic = mean, resamples: int = 10_000
) -> Interval:
    """Return a statistic of rows with its 95 percent percentile interval.

    The interval comes from rows drawn again with replacement, always the same ones.

    Source: Efron and Tibshirani, 1993, An introduction to the bootstrap, Section 13.3.

    Args:
        values: A finite number for each row, at least one.
        statistic: What is taken over the last axis of samples of the rows.
        resamples: Number of times that all rows are drawn again.

    Example:
        >>> found = bootstrap(torch.arange(50.0), resamples=100)
        >>> found.low < found.value < found.high
        True
    """

    rows = len(values)
    generator = torch.Generator().manual_seed(0)
    most = max(1, ENTRIES // rows)
    found = []

    for done in range(0, resamples, most):
        draws = min(most, resamples - done)
        index = torch.randint(rows, (draws, rows), generator=generator)
        found.append(statistic(values[index]))

    low, high = torch.cat(found).quantile(values.new_tensor(ENDS)).tolist()

    return Interval(statistic(values).item(), low, high, rows)
