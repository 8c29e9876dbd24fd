"""Ascent in latent coordinates that pays for the distance in data space."""

from dataclasses import dataclass

from diffeo.ascents import Ascent, NormalizedGradient
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import TargetClass
from diffeo.objectives.distances import Manhattan
from diffeo.objectives.penalized import Penalized, Penalty
from diffeo.search import Run, search
from diffeo.shapes import Data, Model

__all__ = ["Revise"]


@dataclass(frozen=True)
class Revise:
    """Climb the target's log-odds less λ · distance(x, g(z)) in coordinates z.

    Source: Joshi et al., 2019, Towards realistic individual recourse and actionable
    explanations in black-box decision making systems, equation (2): it stops at the
    first point at the target. The limit λ → 0 is `Diffeomorphic`, as Dombrowski et al.,
    2024, Section V, note; so z comes from the encoder. Steps are shorter than those of
    `Diffeomorphic`, since the price changes what lies ahead. The distance, left free
    there, is L1.

    Args:
        weight: λ.
        distance: What is paid for.
        ascent: How to step.
    """

    weight: float = 0.05
    distance: Penalty = Manhattan()  # noqa: RUF009 (a frozen part without state)
    ascent: Ascent = NormalizedGradient()  # noqa: RUF009

    def explain(
        self,
        x: Data,
        model: Model,
        coordinates: Coordinates,
        *,
        target: int,
        confidence: float,
        run: Run,
    ) -> Counterfactuals:
        """Find counterfactuals on the data manifold near x; see `Method`."""

        wanted = TargetClass(target, confidence)
        objective = Penalized(wanted, self.distance, self.weight)

        return search(x, model, objective, Bounded(coordinates), self.ascent, run)
