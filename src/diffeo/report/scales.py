"""Where a value lies on an axis, and which values to mark there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from matplotlib.ticker import MaxNLocator
from torch import Tensor

__all__ = ["Linear", "Logit", "Scale", "Tick"]

EDGE = 1e-7  # probabilities nearer to 0 or 1 are drawn here: single precision ends
MARKS = (1e-6, 1e-4, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999, 0.999999)
ROOM = 0.09  # least distance of two labels, as a share of the axis


@dataclass(frozen=True)
class Tick:
    """A mark on an axis.

    Args:
        place: Where, from 0 to 100 percent.
        label: Its text.
    """

    place: float
    label: str


@runtime_checkable
class Scale(Protocol):
    """A monotone map from values to places."""

    def place(self, values: Tensor) -> Tensor:
        """Return where values lie, in double precision."""

    def ticks(self, low: float, high: float) -> list[Tick]:
        """Return marks between two places."""


@dataclass(frozen=True)
class Linear:
    """Values lie where they are."""

    def place(self, values: Tensor) -> Tensor:
        """Return the values."""

        return values.double()

    def ticks(self, low: float, high: float) -> list[Tick]:
        """Return about five round values."""

        known = [(mark, f"{mark:.6g}") for mark in _round(low, high)]

        return _inside(known, low, high)


@dataclass(frozen=True)
class Logit:
    """Probabilities lie at their log-odds."""

    def place(self, values: Tensor) -> Tensor:
        """Return the log-odds, as far as single precision can tell."""

        return torch.logit(values.double().clamp(EDGE, 1 - EDGE))

    def ticks(self, low: float, high: float) -> list[Tick]:
        """Return well-known probabilities, or round ones where few of them lie."""

        known = _inside(self._mark(MARKS), low, high)

        if len(known) > 1:
            return known

        ends = torch.sigmoid(torch.tensor([low, high], dtype=torch.float64)).tolist()

        return _inside(self._mark(_round(*ends)), low, high)

    def _mark(self, marks: Sequence[float]) -> list[tuple[float, str]]:
        places = self.place(torch.tensor(marks, dtype=torch.float64)).tolist()

        return [
            (place, f"{mark:.6g}") for place, mark in zip(places, marks, strict=True)
        ]


def _round(low: float, high: float) -> list[float]:
    """Return about five round numbers around an interval."""

    locator = MaxNLocator(5, steps=[1, 2, 5, 10])

    return [float(mark) for mark in locator.tick_values(low, high)]


def _inside(known: list[tuple[float, str]], low: float, high: float) -> list[Tick]:
    """Return the marks between two places, leaving out those that would collide."""

    ticks: list[Tick] = []

    for place, label in known:
        share = (place - low) / (high - low)
        free = not ticks or share - ticks[-1].place / 100 >= ROOM

        if 0 <= share <= 1 and free:
            ticks.append(Tick(round(100 * share, 3), label))

    return ticks
