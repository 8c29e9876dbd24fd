"""An objective that pays for what it does not want."""

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from torch import Tensor

from diffeo.objectives.protocol import (
    Objective,
    Point,
    check_rows,
    rows_of,
    side_of,
)
from diffeo.shapes import Memory, Outputs, Scores

__all__ = ["Penalized", "Penalty"]


@runtime_checkable
class Penalty(Protocol):
    """A price of being somewhere, row by row, never below 0."""

    def start(self, point: Point, target: Scores) -> Tensor:
        """Return what must be remembered of each row, given the factuals as `data`.

        Args:
            point: The factuals.
            target: The class or value that each row aims at.
        """

    def price(self, point: Point, held: Tensor) -> Scores:
        """Return the price of each row, given what `start` remembered."""


@dataclass(frozen=True)
class Penalized:
    """Ascend a score less a price; the objective alone says what the target is.

    Several prices are objectives inside each other.

    Args:
        objective: What is wanted.
        penalty: What is paid.
        weight: How much of the score a unit of the price costs.
    """

    objective: Objective
    penalty: Penalty
    weight: float

    def __post_init__(self) -> None:
        if not self.weight >= 0:
            raise ValueError(f"weight must be at least 0, got {self.weight}")

    def start(self, point: Point) -> Memory:
        """Remember what the penalty and the objective remember."""

        inner = self.objective.start(point)
        held = self.penalty.start(point, self.objective.aim(point, inner))

        return held, *inner

    def score(self, point: Point, memory: Memory) -> Scores:
        """Return the score less the weighted price."""

        held, *inner = memory
        score = self.objective.score(point, tuple(inner))

        return score - self.weight * self.penalty.price(point, held)

    def margin(self, point: Point, memory: Memory) -> Scores:
        """Return how far past the objective's target each row is."""

        return self.objective.margin(point, memory[1:])

    def tolerance(self, point: Point, memory: Memory) -> Scores:
        """Return how much margin is enough to spare for the objective."""

        return self.objective.tolerance(point, memory[1:])

    def aim(self, point: Point, memory: Memory) -> Scores:
        """Return what each row aims at."""

        return self.objective.aim(point, memory[1:])

    def check(self, outputs: Outputs, rows: int) -> None:
        """Refuse what the objective refuses."""

        check_rows(self.objective, outputs, rows)

    def rows(self, index: slice) -> "Penalized":
        """Return the same price for the objective of some of the rows."""

        return replace(self, objective=rows_of(self.objective, index))

    def side(self, point: Point, memory: Memory) -> Scores | None:
        """Return on which side of the objective's target each row is."""

        return side_of(self.objective, point, memory[1:])
