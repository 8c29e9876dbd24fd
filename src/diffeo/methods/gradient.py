"""Published methods that are an objective, coordinates and an ascent."""

from collections.abc import Callable
from dataclasses import dataclass

from diffeo.ascents import Adam, Ascent, Box, NormalizedGradient
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import Objective, TargetClass
from diffeo.objectives.penalized import Penalized
from diffeo.objectives.penalties import Manhattan, Penalty
from diffeo.search import Run, search
from diffeo.shapes import Data, Model

__all__ = [
    "GradientMethod",
    "adversarial",
    "diffeomorphic",
    "latent_space",
    "revise",
    "wachter",
]

PIXEL_STEPS: Ascent = Box(Adam(5e-4), 0.0, 1.0)
LATENT_STEPS: Ascent = NormalizedGradient()


@dataclass(frozen=True)
class GradientMethod:
    """A method as the three parts of a search.

    Args:
        objective: From a target class and its confidence to what is ascended.
        coordinates: From the coordinates of a generative model and the images to the
            coordinates of the search.
        ascent: How to step; the default of `search` if not given.

    Example:
        >>> import torch
        >>> x, place = torch.full((2, 1, 1, 2), 0.4), Identity((1, 1, 2))
        >>> model = lambda x: 9 * x.flatten(1)
        >>> method = GradientMethod(TargetClass, latent_space)
        >>> record = method.explain(
        ...     x, model, place, target=1, confidence=0.9, run=Run()
        ... )
        >>> record.reached
        tensor([True, True])
    """

    objective: Callable[[int, float], Objective]
    coordinates: Callable[[Coordinates, Data], Coordinates]
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
        """Search for counterfactuals; see `Method`."""

        place = self.coordinates(coordinates, x)

        return search(
            x, model, self.objective(target, confidence), place, self.ascent, run
        )


def adversarial(ascent: Ascent = PIXEL_STEPS) -> GradientMethod:
    """Ascend the target's log-odds in data space: adversarial examples.

    Source: Dombrowski et al., 2024, Section IV-B, "gradient ascent in X", with Adam and
    the rate of its commands.

    Args:
        ascent: How to step; it must keep the pixels in [0, 1].

    Example:
        >>> adversarial().coordinates is data_space
        True
    """

    return GradientMethod(TargetClass, data_space, ascent)


def diffeomorphic(ascent: Ascent | None = None) -> GradientMethod:
    """Ascend the target's log-odds in latent coordinates: the library's own method.

    Source: Dombrowski et al., 2024, Algorithm 1.

    Args:
        ascent: How to step; the default of `search` if not given.

    Example:
        >>> diffeomorphic().coordinates is latent_space
        True
    """

    return GradientMethod(TargetClass, latent_space, ascent)


def wachter(weight: float = 0.05, ascent: Ascent = PIXEL_STEPS) -> GradientMethod:
    """Ascend log-odds less a penalty on the L1 distance in data space.

    Source: Wachter, Mittelstadt and Russell, 2018, Counterfactual explanations without
    opening the black box, equations (1) and (2). Their λ weighs the prediction and is
    raised until it succeeds; `weight` is its inverse, and the greatest that succeeds
    is theirs. Their L1 distance is unweighted here, because most pixels of digits have
    no median absolute deviation to divide by. The search ends at the first point at the
    target; since the penalty pulls back from the first step, that point is near the
    factual. Log-odds stand for their squared error of a probability, and Adam, which
    they use too, steps as in `adversarial`: only the penalty differs.

    Args:
        weight: Log-odds that a unit of the L1 distance costs.
        ascent: How to step; it must keep the pixels in [0, 1].

    Example:
        >>> wachter(0.2).objective(9, 0.99).weight
        0.2
    """

    return GradientMethod(_penalized(Manhattan(), weight), data_space, ascent)


def revise(weight: float = 0.05, ascent: Ascent = LATENT_STEPS) -> GradientMethod:
    """Ascend log-odds less λ ‖x − g(z)‖₁ in latent coordinates z.

    Source: Joshi et al., 2019, Towards realistic individual recourse and actionable
    explanations in black-box decision making systems, equation (2): it stops at the
    first point at the target. The limit λ → 0 is `diffeomorphic`, as Dombrowski et al.,
    2024, Section V, note; so z comes from the encoder. Steps are shorter than those of
    `diffeomorphic`, since the penalty changes what lies ahead. The distance, left free
    there, is L1.

    Args:
        weight: λ, the log-odds that a unit of the L1 distance costs.
        ascent: How to step.

    Example:
        >>> revise(0.2).objective(9, 0.99).weight
        0.2
    """

    return GradientMethod(_penalized(Manhattan(), weight), latent_space, ascent)


def data_space(coordinates: Coordinates, x: Data) -> Coordinates:  # noqa: ARG001
    """Return the coordinates of the pixels themselves.

    Args:
        coordinates: Of a generative model, which has no part in this.
        x: Images.
    """

    return Identity(tuple(x.shape[1:]))


def latent_space(coordinates: Coordinates, x: Data) -> Coordinates:  # noqa: ARG001
    """Return the coordinates of a generative model, its images clamped to [0, 1].

    Args:
        coordinates: Of the model.
        x: Images, whatever their shape.
    """

    return Bounded(coordinates)


def _penalized(penalty: Penalty, weight: float) -> Callable[[int, float], Objective]:
    def objective(target: int, confidence: float) -> Objective:
        return Penalized(TargetClass(target, confidence), penalty, weight)

    return objective
