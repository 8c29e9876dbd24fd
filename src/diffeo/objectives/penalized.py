"""An objective with a penalty."""

from dataclasses import dataclass, replace

from diffeo.objectives.penalties import Penalty
from diffeo.objectives.protocol import (
    Objective,
    Point,
    check_rows,
    rows_of,
    side_of,
)
from diffeo.shapes import Memory, Outputs, Scores

__all__ = ["Penalized"]


@dataclass(frozen=True)
class Penalized:
    """Ascend a score less a weighted penalty; the objective alone knows the target.

    Several penalties are objectives inside each other.

    Args:
        objective: What is wanted.
        penalty: What is subtracted from its score.
        weight: Units of the score that a unit of the penalty costs.

    Example:
        >>> from diffeo.objectives import TargetClass
        >>> from diffeo.objectives.penalties import Manhattan
        >>> Penalized(TargetClass(1), Manhattan(), weight=0.1).weight
        0.1
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
        """Return the score less the weighted penalty."""

        held, *inner = memory
        score = self.objective.score(point, tuple(inner))

        return score - self.weight * self.penalty.penalty(point, held)

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
        """Return the same penalty for the objective of some of the rows."""

        return replace(self, objective=rows_of(self.objective, index))

    def side(self, point: Point, memory: Memory) -> Scores | None:
        """Return on which side of the objective's target each row is."""

        return side_of(self.objective, point, memory[1:])
