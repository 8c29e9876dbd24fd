"""An objective to be reached by another change than those already found."""

import math
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from diffeo.objectives.agreed import weigh
from diffeo.objectives.protocol import Point, rows_of
from diffeo.objectives.wrapping import WrappingObjective
from diffeo.shapes import Memory, Outputs, Scores

__all__ = ["ANGLE", "Found", "Repelled"]

ANGLE = 45.0  # degrees between two changes of a row, unless told
SHARE = 0.01  # of a cosine of 1: enough to spare

Found = Float[Tensor, "batch found latent"]


@dataclass(frozen=True)
class Repelled(WrappingObjective):
    """Reach an objective by a change in another direction than those already found.

    The angle at the origin z between the change z′ − z and each one found is to be at
    least so many degrees, up to 90. No scale needs to be chosen: however long z′ − z
    is, it then ends at least sin(angle) times as far from a solution as that is from
    the origin.

    The margin is the lesser of the objective's and of what is left of the cosine,
    brought to the objective's units by the ratio of both tolerances. The score is the
    mean of both, each weighted by what it misses, as in `Agreed`: far from the target
    the objective's gradient leads, and close to it rows turn aside. Targets with two
    sides are treated as if they had one.

    Source: Mothilal, Sharma and Tan, 2020, Explaining machine learning classifiers
    through diverse counterfactual explanations, for several of one input; they look for
    all at once, and weigh a determinant against the distance.

    Args:
        objective: What is wanted.
        found: The coordinates of the solutions found for each row, shape (batch, found,
            latent); the row's own origin in place of one that is not to repel.
        angle: Least angle between two changes, in degrees.

    Raises:
        ValueError: If the angle is not above 0 and at most 90, or the solutions are not
            of that shape.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> x, place, model = torch.zeros(1, 2), Identity((2,)), lambda x: x.amax(1)
        >>> first = search(x + 0.1 * torch.eye(2)[:1], model, AtLeast(2.0), place)
        >>> goal = Repelled(AtLeast(2.0), first.latent[:, None], angle=80.0)
        >>> start = torch.tensor([[0.1, 0.0]])
        >>> search(start, lambda x: x.logsumexp(1), goal, place).reached
        tensor([True])
    """

    remembered = 2
    found: Tensor = field(repr=False)
    angle: float = ANGLE

    def __post_init__(self) -> None:
        if not 0 < self.angle <= 90:
            raise ValueError(
                f"angle must be above 0 and at most 90 degrees, got {self.angle}"
            )

        if self.found.ndim != 3:
            raise ValueError(
                "found must be (batch, found, latent), got shape "
                f"{tuple(self.found.shape)}"
            )

    def start(self, point: Point) -> Memory:
        """Return what the objective remembers, below a scale and the directions.

        Raises:
            ValueError: If the solutions are in other coordinates.
        """

        size, wanted = self.found.shape[2], point.origin.shape[1]

        if size != wanted:
            raise ValueError(f"found must have {wanted} coordinates, got {size}")

        inner = self.objective.start(point)
        tolerance = self.objective.tolerance(point, inner).detach()
        change = self.found.to(point.origin) - point.origin[:, None]

        return tolerance / SHARE, _unit(change), *inner

    def score(self, point: Point, memory: Memory) -> Scores:
        """Return the mean of all scores, weighted by what each misses."""

        own = self.objective.score(point, memory[2:])
        margins = self._margins(point, memory)
        behind = (margins < 0).any(0)
        scores = torch.cat((own[None], margins[1:]))

        return torch.where(behind, weigh(scores, margins), own)

    def margin(self, point: Point, memory: Memory) -> Scores:
        """Return the least margin, in the objective's units."""

        return self._margins(point, memory).amin(0)

    def check(self, outputs: Outputs, rows: int) -> None:
        """Refuse what the objective refuses, and solutions of other rows.

        Raises:
            ValueError: If there are not as many rows of solutions as rows.
        """

        if len(self.found) != rows:
            raise ValueError(
                f"found must have a row for each of {rows} rows, got {len(self.found)}"
            )

        super().check(outputs, rows)

    def rows(self, index: slice) -> "Repelled":
        """Return the solutions and the objective of some of the rows."""

        objective = rows_of(self.objective, index)

        return replace(self, objective=objective, found=self.found[index])

    def _margins(self, point: Point, memory: Memory) -> Float[Tensor, "parts batch"]:
        """Return the objective's, and what is left of the cosine for each solution."""

        scale, directions, *inner = memory
        change = _unit(point.latent - point.origin)
        cosine = (change[:, None] * directions).sum(2)
        left = scale[:, None] * (math.cos(math.radians(self.angle)) - cosine)

        return torch.cat((self.objective.margin(point, tuple(inner))[None], left.T))


def _unit(change: Tensor) -> Tensor:
    """Return changes divided by their lengths; those of no length as they are."""

    return functional.normalize(change, dim=-1, eps=torch.finfo(change.dtype).eps)
