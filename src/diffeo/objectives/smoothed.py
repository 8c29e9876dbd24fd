"""An objective averaged over the neighborhood of a point."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.objectives.protocol import Point, side_of
from diffeo.objectives.wrapping import WrappingObjective
from diffeo.shapes import Memory, Scores

__all__ = ["Smoothed", "SmoothedScore"]


@dataclass(frozen=True)
class Smoothed(WrappingObjective):
    """Average the score and the margin of an objective over nearby coordinates.

    They are z ± spread · ε for a few normal vectors ε, without z itself, and the same
    for every row, batch and step. In pairs ±ε whatever is linear in z keeps its value,
    so that few draws vary little. What counts as being at the target already is the
    average around the origin. Each step decodes all draws, and costs as much.

    A search that comes near to its factual uses up what the average alone leaves z
    itself to spare. It keeps it where the lesser of both margins counts.

    Source: Cohen, Rosenfeld and Kolter, 2019, Certified adversarial robustness via
    randomized smoothing, for answers averaged over normal noise; Smilkov, Thorat, Kim,
    Viégas and Wattenberg, 2017, SmoothGrad, for averaged gradients.

    Args:
        objective: What is wanted.
        draws: Number of nearby coordinates, an even one.
        spread: Standard deviation of their distance from z in each coordinate.
        seed: Seed of the draws.
        itself: Whether z itself must be at the target too: its margin counts where it
            is less than the average.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> x, goal = torch.zeros(1, 2), Smoothed(AtLeast(2.0), draws=4)
        >>> search(x, lambda x: x.sum(1), goal, Identity((2,))).reached
        tensor([True])
    """

    draws: int = 8
    spread: float = 0.3
    seed: int = 0
    itself: bool = False

    def __post_init__(self) -> None:
        if self.draws < 2 or self.draws % 2:
            raise ValueError(
                f"draws must be an even number of at least 2, got {self.draws}"
            )

        if not 0 <= self.spread < torch.inf:
            raise ValueError(
                f"spread must be a number of at least 0, got {self.spread}"
            )

    def start(self, point: Point) -> Memory:
        """Return what the objective remembers of each row."""

        return self.objective.start(point)

    def score(self, point: Point, memory: Memory) -> Scores:
        """Return the average of the objective's score."""

        return self._average(self.objective.score(*self._around(point, memory)))

    def margin(self, point: Point, memory: Memory) -> Scores:
        """Return how far past the target the draws are on average."""

        average = self._average(self.objective.margin(*self._around(point, memory)))

        if not self.itself:
            return average

        return average.minimum(self.objective.margin(point, memory))

    def side(self, point: Point, memory: Memory) -> Scores | None:
        """Return the average side: that of most draws."""

        side = side_of(self.objective, *self._around(point, memory))

        return None if side is None else self._average(side)

    def _around(self, point: Point, memory: Memory) -> tuple[Point, Memory]:
        """Return all draws of all rows, one draw after the other, and their memory."""

        key = Smoothed, self.draws, self.spread, self.seed
        many = tuple(torch.cat([part] * self.draws) for part in memory)

        return point.once(key, lambda: self._decode(point)), many

    def _decode(self, point: Point) -> Point:
        if point.at is None:
            raise ValueError(
                "the point must be able to decode other coordinates for a Smoothed "
                "objective, as in a search, got one without `at`"
            )

        z = point.latent[None] + self._shifts(point.latent)[:, None]

        return point.at(z.flatten(0, 1))

    def _shifts(self, z: Tensor) -> Float[Tensor, "draws latent"]:
        generator = torch.Generator().manual_seed(self.seed)
        noise = torch.randn(self.draws // 2, z.shape[1], generator=generator).to(z)

        return self.spread * torch.cat((noise, -noise))

    def _average(self, values: Float[Tensor, " many"]) -> Scores:
        return values.reshape(self.draws, len(values) // self.draws).mean(0)


@dataclass(frozen=True)
class SmoothedScore(Smoothed):
    """Average the score alone; the objective itself knows the target.

    Where gradients change from step to step, as they do across the ridges of a network
    of rectifiers, their average over a neighborhood leads on.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> x, goal = torch.zeros(1, 2), SmoothedScore(AtLeast(2.0), draws=4)
        >>> search(x, lambda x: x.sum(1), goal, Identity((2,))).outputs_after >= 2
        tensor([True])
    """

    def margin(self, point: Point, memory: Memory) -> Scores:
        """Return how far past the objective's target each row is."""

        return self.objective.margin(point, memory)

    def side(self, point: Point, memory: Memory) -> Scores | None:
        """Return on which side of the objective's target each row is."""

        return side_of(self.objective, point, memory)
