"""Ascent in data space: adversarial examples."""

from dataclasses import dataclass

from diffeo.ascents import Adam, Ascent, Box
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import TargetClass
from diffeo.search import Run, search
from diffeo.shapes import Data, Model

__all__ = ["ASCENT", "Adversarial"]

ASCENT = Box(Adam(5e-4), 0.0, 1.0)


@dataclass(frozen=True)
class Adversarial:
    """Climb the target's log-odds in data space.

    Source: Dombrowski et al., 2024, Section IV-B, "gradient ascent in X", with Adam and
    the rate of its commands.

    Args:
        ascent: How to step; it must keep the pixels in [0, 1].
    """

    ascent: Ascent = ASCENT

    def explain(
        self,
        x: Data,
        model: Model,
        coordinates: Coordinates,  # noqa: ARG002
        *,
        target: int,
        confidence: float,
        run: Run,
    ) -> Counterfactuals:
        """Find adversarial examples; see `Method`."""

        objective = TargetClass(target, confidence)

        return search(
            x, model, objective, Identity(tuple(x.shape[1:])), self.ascent, run
        )
