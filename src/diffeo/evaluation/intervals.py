"""Bootstrap intervals of a statistic over rows."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.shapes import Scores

__all__ = ["Interval", "Statistic", "bootstrap", "mean", "median"]

Statistic = Callable[[Float[Tensor, "*samples rows"]], Float[Tensor, "*samples"]]
ENTRIES = 2_000_000  # numbers resampled at once, so that memory stays small
ENDS = 0.025, 0.975  # the quantiles that an interval reaches between: 95 percent


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


def bootstrap(
    values: Scores, statistic: Statistic = mean, resamples: int = 10_000
) -> Interval:
    """Return a statistic of the finite rows with its 95 percent percentile interval.

    The interval comes from rows drawn again with replacement, always the same ones.

    Source: Efron and Tibshirani, 1993, An introduction to the bootstrap, Section 13.3.

    Args:
        values: A number for each row.
        statistic: What is taken over the last axis of samples of the rows.
        resamples: Number of times that all rows are drawn again.

    Raises:
        ValueError: If no row is finite.

    Example:
        >>> found = bootstrap(torch.arange(50.0), resamples=100)
        >>> found.low < found.value < found.high
        True
    """

    exact = values[values.isfinite()].double().cpu()
    rows = len(exact)

    if rows == 0:
        raise ValueError("values must be finite in at least one row, got none")

    generator = torch.Generator().manual_seed(0)
    most = max(1, ENTRIES // rows)
    found = []

    for done in range(0, resamples, most):
        draws = min(most, resamples - done)
        index = torch.randint(rows, (draws, rows), generator=generator)
        found.append(statistic(exact[index]))

    low, high = torch.cat(found).quantile(exact.new_tensor(ENDS)).tolist()

    return Interval(statistic(exact).item(), low, high, rows)
