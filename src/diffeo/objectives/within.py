"""What objectives share that hold another model's outputs between bounds."""

from abc import abstractmethod
from dataclasses import dataclass

import torch

from diffeo.objectives.agreed import asked, seen_by, weigh
from diffeo.objectives.protocol import Point
from diffeo.objectives.wrapping import WrappingObjective
from diffeo.shapes import Memory, Model, Outputs, Scores

__all__ = ["Within"]

SHARE = 0.01  # of the middle's distance to the bounds: enough to spare


@dataclass(frozen=True, eq=False)
class Within(WrappingObjective):
    """Reach an objective while a second model's outputs stay between bounds.

    The margin is the lesser of the objective's and of the distance to the nearer bound,
    brought to the objective's units by the ratio of both tolerances. The score is the
    mean of both, each weighted by what it misses, as in `Agreed`. The outputs that are
    recorded are the first model's. Targets with two sides are treated as if they had
    one.

    Args:
        objective: What the model of the search is to answer.

    Example:
        >>> from diffeo import Held, Typical
        >>> issubclass(Held, Within), issubclass(Typical, Within)
        (True, True)
    """

    remembered = 3

    @property
    @abstractmethod
    def second(self) -> Model:
        """The second model, from data to outputs."""

    @abstractmethod
    def bounds(self, outputs: Outputs) -> tuple[Outputs, Outputs]:
        """Return the least and the greatest outputs that are allowed.

        Args:
            outputs: Those of the second model for the factuals.
        """

    def start(self, point: Point) -> Memory:
        """Return what the objective remembers, below the bounds and a scale.

        Raises:
            ValueError: If the second model is in training mode or fails.
        """

        outputs = asked(self.second, "the held model", point.data).detach()
        low, high = self.bounds(outputs.reshape(len(outputs), -1))
        inner = self.objective.start(point)
        tolerance = self.objective.tolerance(point, inner).detach()
        enough = SHARE * (high - low).amin(1) / 2

        return low, high, tolerance / enough, *inner

    def score(self, point: Point, memory: Memory) -> Scores:
        """Return the mean of both scores, weighted by what each misses."""

        own, held = self._margins(point, memory)
        score = self.objective.score(point, memory[self.remembered :])

        return weigh(torch.stack((score, held)), torch.stack((own, held)))

    def margin(self, point: Point, memory: Memory) -> Scores:
        """Return the lesser of both margins, in the objective's units."""

        return torch.minimum(*self._margins(point, memory))

    def _margins(self, point: Point, memory: Memory) -> tuple[Scores, Scores]:
        """Return the objective's margin, and the distance to a bound in its units."""

        low, high, scale, *inner = memory
        outputs = seen_by(self.second, point).outputs
        outputs = outputs.reshape(len(outputs), -1)
        inside = torch.minimum(outputs - low, high - outputs).amin(1)

        return self.objective.margin(point, tuple(inner)), scale * inside
