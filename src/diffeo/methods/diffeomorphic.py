"""Ascent in the latent coordinates of a generative model: the library's own method."""

from dataclasses import dataclass

from diffeo.ascents import Ascent
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.explain import explain
from diffeo.search import Run
from diffeo.shapes import Data, Model

__all__ = ["Diffeomorphic"]


@dataclass(frozen=True)
class Diffeomorphic:
    """Climb the target's log-odds in latent coordinates.

    Source: Dombrowski et al., 2024, Algorithm 1.

    Args:
        ascent: How to step; the library's default if not given.
    """

    ascent: Ascent | None = None

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
        """Find diffeomorphic counterfactuals; see `Method`."""

        return explain(
            x,
            model,
            coordinates,
            target=target,
            confidence=confidence,
            ascent=self.ascent,
            run=run,
        )
