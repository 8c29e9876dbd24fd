"""Ascent in data space that pays for the distance."""

from dataclasses import dataclass

from diffeo.ascents import Ascent
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.methods.adversarial import ASCENT
from diffeo.objectives import TargetClass
from diffeo.objectives.distances import Manhattan
from diffeo.objectives.penalized import Penalized, Penalty
from diffeo.search import Run, search
from diffeo.shapes import Data, Model

__all__ = ["Wachter"]


@dataclass(frozen=True)
class Wachter:
    """Climb the target's log-odds less a price on the distance from the factual.

    Source: Wachter, Mittelstadt and Russell, 2018, Counterfactual explanations without
    opening the black box, equations (1) and (2). Their λ weighs the prediction and is
    raised until it succeeds; `weight` is its inverse, and the greatest that succeeds
    is theirs. Their L1 distance is unweighted here, because most pixels of digits have
    no median absolute deviation to divide by. From the factual on, the price pulls
    back from the first step, so the first point at the target is the nearest of its
    climb and is kept. Log-odds stand for their squared error of a probability, and
    Adam, which they use too, steps as in `Adversarial`: only the price differs.

    Args:
        weight: Of the distance.
        distance: What is paid for.
        ascent: How to step; it must keep the pixels in [0, 1].
    """

    weight: float = 0.05
    distance: Penalty = Manhattan()  # noqa: RUF009 (a frozen part without state)
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
        """Find near counterfactuals in data space; see `Method`."""

        wanted = TargetClass(target, confidence)
        objective = Penalized(wanted, self.distance, self.weight)

        return search(
            x, model, objective, Identity(tuple(x.shape[1:])), self.ascent, run
        )
