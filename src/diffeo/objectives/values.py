"""Bring a model's value into an interval: the objective of regressors."""

import math
from dataclasses import dataclass

import torch

from diffeo.objectives.protocol import Point
from diffeo.shapes import Memory, Outputs, Scores

__all__ = ["AtLeast", "AtMost", "Between", "Near"]

SHARE = 0.01  # of what is missing, or of the bound: enough to spare
TENTH = 0.1  # of an interval's width, five of which lead to its middle


@dataclass(frozen=True)
class Between:
    """Bring a regressor's value into an interval.

    Score and margin are how far inside the interval the value lies, in the model's
    unit. Nothing depends on that unit: a hundredth of what is missing at the factual
    is enough to spare; or a tenth of the width, or a hundredth of the only bound, if
    less.

    Args:
        low: Least value wanted, in the model's unit; −∞ for no such bound.
        high: Greatest value wanted, in the model's unit; ∞ for no such bound.

    Example:
        >>> import torch
        >>> from diffeo import Identity, search
        >>> x = torch.zeros(1, 2)
        >>> found = search(x, lambda x: x.sum(1), Between(3.0, 4.0), Identity((2,)))
        >>> 3 <= found.outputs_after.item() <= 4
        True
    """

    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low < self.high or not self._bounds:
            raise ValueError(
                "low must be below high and one of them a number, got "
                f"{self.low} and {self.high}"
            )

    @property
    def value(self) -> float:
        """The only bound, or the middle of both."""

        return sum(self._bounds) / len(self._bounds)

    def start(self, point: Point) -> Memory:
        """Return nothing, for a model that returns one value a row."""

        _values(point.outputs)

        return ()

    def score(self, point: Point, memory: Memory) -> Scores:
        """Return how far inside the interval the value lies."""

        return self.margin(point, memory)

    def margin(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return how far inside the interval the value lies."""

        value = _values(point.outputs)

        return torch.minimum(value - self.low, self.high - value)

    def tolerance(self, point: Point, memory: Memory) -> Scores:
        """Return a hundredth of what is missing, or less in a narrow interval."""

        most = TENTH * (self.high - self.low)

        if len(self._bounds) == 1 and self.value:
            most = SHARE * abs(self.value)

        return (SHARE * self.margin(point, memory).abs()).clamp_max(most)

    def side(self, point: Point, memory: Memory) -> Scores | None:  # noqa: ARG002
        """Return on which side of the middle the value lies, if there are two."""

        if len(self._bounds) == 1:
            return None

        return (_values(point.outputs) - self.value).sign()

    def aim(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return the only bound, or the middle of both."""

        return torch.full_like(_values(point.outputs), self.value)

    @property
    def _bounds(self) -> list[float]:
        return [end for end in (self.low, self.high) if math.isfinite(end)]


def AtLeast(value: float) -> Between:  # noqa: N802 - reads as an objective
    """Return the objective to bring a regressor's value to a bound or above.

    Args:
        value: The bound, in the model's unit.

    Example:
        >>> AtLeast(0.5)
        Between(low=0.5, high=inf)
    """

    return Between(low=value)


def AtMost(value: float) -> Between:  # noqa: N802 - reads as an objective
    """Return the objective to bring a regressor's value to a bound or below.

    Args:
        value: The bound, in the model's unit.

    Example:
        >>> AtMost(0.5)
        Between(low=-inf, high=0.5)
    """

    return Between(high=value)


def Near(value: float, within: float) -> Between:  # noqa: N802 - reads as an objective
    """Return the objective to bring a regressor's value close to another.

    Args:
        value: The value wanted, in the model's unit.
        within: Greatest distance from it, in the model's unit.

    Raises:
        ValueError: If the distance is not above 0.

    Example:
        >>> Near(2.0, within=0.5)
        Between(low=1.5, high=2.5)
    """

    if not within > 0:
        raise ValueError(f"within must be above 0, got {within}")

    return Between(value - within, value + within)


def _values(outputs: Outputs) -> Scores:
    if outputs.ndim > 2 or outputs[0].numel() != 1:
        raise ValueError(
            "the model must return one value a row, of shape (batch,) or (batch, 1), "
            f"got {tuple(outputs.shape)}"
        )

    return outputs.reshape(-1)
