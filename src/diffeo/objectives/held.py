"""An objective while another model's outputs stay as they are."""

import math
from dataclasses import dataclass

import torch

from diffeo.objectives.agreed import asked, seen_by, weigh
from diffeo.objectives.protocol import Point
from diffeo.objectives.wrapping import WrappingObjective
from diffeo.shapes import Memory, Model, Scores

__all__ = ["Held"]

SHARE = 0.01  # of the band: enough to spare


@dataclass(frozen=True)
class Held(WrappingObjective):
    """Reach an objective while a second model's outputs stay within a band.

    The margin is the lesser of the objective's and of what is left of the band,
    brought to the objective's units by the ratio of both tolerances. The score is the
    mean of both, each weighted by what it misses, as in `Agreed`. The outputs that are
    recorded are the first model's. Targets with two sides are treated as if they had
    one.

    Args:
        objective: What the model of the search is to answer.
        model: The second model, from data to outputs, in evaluation mode.
        band: By how much each of its outputs may differ from that for the factual, in
            its own unit.

    Raises:
        ValueError: If the band is not above 0 and finite.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> x, goal = torch.zeros(1, 2), Held(AtLeast(2.0), lambda x: x[:, 0], 0.5)
        >>> found = search(x, lambda x: x.sum(1), goal, Identity((2,)))
        >>> bool(found.counterfactual[0, 0].abs() <= 0.5), bool(found.reached)
        (True, True)
    """

    remembered = 2
    model: Model
    band: float

    def __post_init__(self) -> None:
        if not 0 < self.band < math.inf:
            raise ValueError(f"band must be above 0 and finite, got {self.band}")

    def start(self, point: Point) -> Memory:
        """Return what the objective remembers, below a scale and the second outputs.

        Raises:
            ValueError: If the second model is in training mode or fails.
        """

        outputs = asked(self.model, "the held model", point.data).detach()
        inner = self.objective.start(point)
        tolerance = self.objective.tolerance(point, inner).detach()

        return outputs, tolerance / (SHARE * self.band), *inner

    def score(self, point: Point, memory: Memory) -> Scores:
        """Return the mean of both scores, weighted by what each misses."""

        own, held = self._margins(point, memory)
        score = self.objective.score(point, memory[2:])

        return weigh(torch.stack((score, held)), torch.stack((own, held)))

    def margin(self, point: Point, memory: Memory) -> Scores:
        """Return the lesser of both margins, in the objective's units."""

        return torch.minimum(*self._margins(point, memory))

    def _margins(self, point: Point, memory: Memory) -> tuple[Scores, Scores]:
        """Return the objective's margin, and what is left of the band in its units."""

        before, scale, *inner = memory
        outputs = seen_by(self.model, point).outputs
        change = (outputs - before).reshape(len(outputs), -1).abs().amax(1)

        return (
            self.objective.margin(point, tuple(inner)),
            scale * (self.band - change),
        )
