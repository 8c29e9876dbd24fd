"""What objectives share that ask for more than another does."""

from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

from diffeo.objectives.protocol import Objective, Point, check_rows, rows_of
from diffeo.shapes import Memory, Outputs, Scores

__all__ = ["WrappingObjective"]

W = TypeVar("W", bound="WrappingObjective")


@dataclass(frozen=True, eq=False)
class WrappingObjective:
    """An objective with another inside, which tells what each row aims at.

    What the wrapping objective itself remembers comes first in the memory, then what
    the one inside does.

    Args:
        objective: The objective inside.

    Example:
        >>> from diffeo import Smoothed
        >>> issubclass(Smoothed, WrappingObjective)
        True
    """

    objective: Objective
    remembered: ClassVar[int] = 0
    """How many parts of the memory are not of the objective inside."""

    def tolerance(self, point: Point, memory: Memory) -> Scores:
        """Return how much margin is enough to spare for the objective inside."""

        return self.objective.tolerance(point, memory[self.remembered :])

    def aim(self, point: Point, memory: Memory) -> Scores:
        """Return what each row aims at."""

        return self.objective.aim(point, memory[self.remembered :])

    def check(self, outputs: Outputs, rows: int) -> None:
        """Refuse what the objective inside refuses."""

        check_rows(self.objective, outputs, rows)

    def rows(self: W, index: slice) -> W:
        """Return the same around the objective of some of the rows."""

        return replace(self, objective=rows_of(self.objective, index))
