"""Bootstrap intervals of a statistic over rows, also of paired differences."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.shapes import Scores

__all__ = ["Bootstrap", "Interval", "Statistic", "mean", "median", "paired"]

Statistic = Callable[[Float[Tensor, "*samples rows"]], Float[Tensor, "*samples"]]
ENTRIES = 2_000_000  # numbers resampled at once, so that memory stays small


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


@dataclass(frozen=True)
class Interval:
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


@dataclass(frozen=True)
class Bootstrap:
    """Percentile intervals from rows drawn again with replacement.

    Source: Efron and Tibshirani, 1993, An introduction to the bootstrap, Section 13.3.

    Args:
        level: Probability that an interval should have of covering the truth.
        resamples: Number of times that all rows are drawn again.
        seed: Seed of the draws.

    Example:
        >>> found = Bootstrap(resamples=100)(torch.arange(50.0))
        >>> found.low < found.value < found.high
        True
    """

    level: float = 0.95
    resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"level must be between 0 and 1, got {self.level}")

        if self.resamples < 1:
            raise ValueError(f"resamples must be at least 1, got {self.resamples}")

    def __call__(self, values: Scores, statistic: Statistic = mean) -> Interval:
        """Return a statistic of the rows with its interval.

        Args:
            values: A finite number for each row.
            statistic: What is taken over the last axis of samples of the rows.

        Raises:
            ValueError: If there are no rows or they are not finite.
        """

        rows = len(values)

        if rows == 0 or not values.isfinite().all():
            raise ValueError(f"values must be finite and at least one, got {rows} rows")

        generator = torch.Generator().manual_seed(self.seed)
        exact = values.double().cpu()
        found = []
        left = self.resamples

        while left > 0:
            draws = min(left, max(1, ENTRIES // rows))
            index = torch.randint(rows, (draws, rows), generator=generator)
            found.append(statistic(exact[index]))
            left -= draws

        tail = (1 - self.level) / 2
        ends = torch.tensor([tail, 1 - tail], dtype=exact.dtype)
        low, high = torch.cat(found).quantile(ends).tolist()

        return Interval(statistic(exact).item(), low, high, rows)


def paired(
    values: Scores, other: Scores, bootstrap: Bootstrap | None = None
) -> Interval:
    """Return the mean difference of two methods over the same factuals.

    Pairing takes out what the factuals themselves contribute. Rows in which either
    method has a number that is not finite are left out.

    Args:
        values: Scores of one method, a row for each factual.
        other: Scores of the other method, which are subtracted.
        bootstrap: How the interval is found; `Bootstrap()` if not given.

    Raises:
        ValueError: If no row is finite in both.

    Example:
        >>> paired(torch.tensor([3.0, 5.0]), torch.tensor([1.0, 3.0])).value
        2.0
    """

    difference = values.double() - other.double()

    return (bootstrap or Bootstrap())(difference[difference.isfinite()])
