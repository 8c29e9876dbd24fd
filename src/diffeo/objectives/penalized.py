"""An objective with a penalty."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from diffeo.objectives.penalties import Penalty
from diffeo.objectives.protocol import Point, rows_of, side_of
from diffeo.objectives.wrapping import WrappingObjective
from diffeo.shapes import Memory, Outputs, Scores

__all__ = ["Penalized", "Weight"]

Weight = float | Tensor
"""One number for all rows, or a tensor with one for each row."""


@dataclass(frozen=True, eq=False)
class Penalized(WrappingObjective):
    """Ascend a score less a weighted penalty; the objective alone knows the target.

    Several penalties are objectives inside each other.

    Args:
        objective: What is wanted.
        penalty: What is subtracted from its score.
        weight: Units of the score that a unit of the penalty costs, shape (batch,) if
            each row has its own.

    Example:
        >>> from diffeo.objectives import TargetClass
        >>> from diffeo.objectives.penalties import Manhattan
        >>> Penalized(TargetClass(1), Manhattan(), weight=0.1).weight
        0.1
    """

    remembered = 2
    penalty: Penalty
    weight: Weight

    def __post_init__(self) -> None:
        weight = torch.as_tensor(self.weight)

        if weight.ndim > 1:
            raise ValueError(
                "weight must be a number or one for each row, got shape "
                f"{tuple(weight.shape)}"
            )

        if not (weight >= 0).all():
            raise ValueError(f"weight must be at least 0, got {weight.min().item():g}")

    def start(self, point: Point) -> Memory:
        """Remember the weights and what the penalty and the objective remember."""

        inner = self.objective.start(point)
        held = self.penalty.start(point, self.objective.aim(point, inner))
        weight = torch.as_tensor(self.weight).to(point.origin)

        return weight.expand(len(point.origin)), held, *inner

    def score(self, point: Point, memory: Memory) -> Scores:
        """Return the score less the weighted penalty."""

        weight, held, *inner = memory
        score = self.objective.score(point, tuple(inner))

        return score - weight * self.penalty.penalty(point, held)

    def margin(self, point: Point, memory: Memory) -> Scores:
        """Return how far past the objective's target each row is."""

        return self.objective.margin(point, memory[2:])

    def check(self, outputs: Outputs, rows: int) -> None:
        """Refuse what the objective refuses, and weights of other rows.

        Raises:
            ValueError: If there are not as many weights as rows.
        """

        if isinstance(self.weight, Tensor) and self.weight.shape not in ((), (rows,)):
            raise ValueError(
                f"weight must be one for each of {rows} rows, got {len(self.weight)}"
            )

        super().check(outputs, rows)

    def rows(self, index: slice) -> "Penalized":
        """Return the penalty and the objective of some of the rows."""

        weight = self.weight

        if isinstance(weight, Tensor) and weight.ndim == 1:
            weight = weight[index]

        return replace(self, objective=rows_of(self.objective, index), weight=weight)

    def side(self, point: Point, memory: Memory) -> Scores | None:
        """Return on which side of the objective's target each row is."""

        return side_of(self.objective, point, memory[2:])
