"""How sure a figure over some rows is: bootstrap intervals and paired differences."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.shapes import Scores

__all__ = ["Bootstrap", "Interval", "Statistic", "mean", "median", "paired"]

Statistic = Callable[[Float[Tensor, "*samples rows"]], Float[Tensor, "*samples"]]
ENTRIES = 2_000_000  # resampled at once


def mean(values: Float[Tensor, "*samples rows"]) -> Float[Tensor, "*samples"]:
    """Return the mean over the last axis."""

    return values.mean(-1)


def median(values: Float[Tensor, "*samples rows"]) -> Float[Tensor, "*samples"]:
    """Return the median over the last axis, of an even number the middle two's mean."""

    ordered = values.sort(-1).values
    middle = values.shape[-1] // 2

    return (ordered[..., middle] + ordered[..., -middle - 1]) / 2


@dataclass(frozen=True)
class Interval:
    """A figure and where it may lie.

    Args:
        value: Over the rows themselves.
        low: Lower end.
        high: Upper end.
        rows: How many there were.
    """

    value: float
    low: float
    high: float
    rows: int

    @property
    def excludes_zero(self) -> bool:
        """Whether the figure is surely above, or surely below, zero."""

        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Bootstrap:
    """Percentile intervals from rows drawn again with replacement.

    Source: Efron and Tibshirani, 1993, An introduction to the bootstrap, Section 13.3.

    Args:
        level: Probability that an interval should have of covering the truth.
        resamples: How often the rows are drawn again.
        seed: Of the draws.
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
            statistic: Taken over the last axis.

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

    Pairing takes out what the factuals themselves contribute. Rows that either method
    misses, with a number that is not finite, are left out.

    Args:
        values: Of one method, a row for each factual.
        other: Of the other.
        bootstrap: How the interval is found.

    Raises:
        ValueError: If no row has both.
    """

    difference = values.double() - other.double()

    return (bootstrap or Bootstrap())(difference[difference.isfinite()])
