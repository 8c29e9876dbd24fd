"""Bring an answer to a value: the objectives of regressors.

All three ask for an answer inside an interval and differ in its ends.
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch

from diffeo.objectives.protocol import Point
from diffeo.shapes import Memory, Outputs, Scores

__all__ = ["AtLeast", "AtMost", "Near"]


@runtime_checkable
class _Interval(Protocol):
    @property
    def value(self) -> float: ...

    @property
    def ends(self) -> tuple[float, float]: ...


def _start(goal: _Interval, point: Point) -> Memory:  # noqa: ARG001
    """Remember nothing."""

    _values(point.outputs)

    return ()


def _margin(goal: _Interval, point: Point, memory: Memory) -> Scores:  # noqa: ARG001
    """Return how far inside the interval the answer lies."""

    answer = _values(point.outputs)
    low, high = goal.ends

    return torch.minimum(answer - low, high - answer)


def _aim(goal: _Interval, point: Point, memory: Memory) -> Scores:  # noqa: ARG001
    """Return the value."""

    return torch.full_like(_values(point.outputs), goal.value)


@dataclass(frozen=True)
class AtLeast:
    """Bring a regressor's answer to a value or above.

    Args:
        value: The value, in the model's units.
    """

    value: float
    start, score, margin, aim = _start, _margin, _margin, _aim

    @property
    def ends(self) -> tuple[float, float]:
        """The interval wanted."""

        return self.value, math.inf


@dataclass(frozen=True)
class AtMost:
    """Bring a regressor's answer to a value or below.

    Args:
        value: The value, in the model's units.
    """

    value: float
    start, score, margin, aim = _start, _margin, _margin, _aim

    @property
    def ends(self) -> tuple[float, float]:
        """The interval wanted."""

        return -math.inf, self.value


@dataclass(frozen=True)
class Near:
    """Bring a regressor's answer close to a value.

    Args:
        value: The value, in the model's units.
        within: How far from it the answer may end.
    """

    value: float
    within: float
    start, score, margin, aim = _start, _margin, _margin, _aim

    def __post_init__(self) -> None:
        if not self.within > 0:
            raise ValueError(f"within must be above 0, got {self.within}")

    @property
    def ends(self) -> tuple[float, float]:
        """The interval wanted."""

        return self.value - self.within, self.value + self.within


def _values(outputs: Outputs) -> Scores:
    if outputs.ndim > 2 or outputs[0].numel() != 1:
        raise ValueError(
            "the model must return one value a row, of shape (batch,) or (batch, 1), "
            f"got {tuple(outputs.shape)}"
        )

    return outputs.reshape(-1)
