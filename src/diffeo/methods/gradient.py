"""Published methods that are an objective, coordinates and an ascent."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from diffeo.ascents import Adam, Ascent, Box, NormalizedGradient
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import Objective, TargetClass
from diffeo.objectives.penalized import Penalized
from diffeo.objectives.penalties import Manhattan
from diffeo.search import Run, search
from diffeo.shapes import Data, Model

__all__ = ["GradientMethod", "adversarial", "diffeomorphic", "revise", "wachter"]

PIXEL_STEPS: Ascent = Box(Adam(5e-4), 0.0, 1.0)
LATENT_STEPS: Ascent = NormalizedGradient()


@dataclass(frozen=True)
class GradientMethod:
    """A method as the parts of a search for a target class.

    Args:
        ascent: How to step; the default of `search` if not given.
        price: From log-odds to the objective, which subtracts penalties from them; log
            odds alone if not given.
        in_data_space: Whether the pixels themselves are moved, instead of coordinates
            of a generative model, whose images are clamped to [0, 1].

    Example:
        >>> import torch
        >>> x, place = torch.full((2, 1, 1, 2), 0.4), Identity((1, 1, 2))
        >>> model = lambda x: 9 * x.flatten(1)
        >>> record = GradientMethod().explain(
        ...     x, model, place, target=1, confidence=0.9, run=Run()
        ... )
        >>> record.reached
        tensor([True, True])
    """

    ascent: Ascent | None = None
    price: Callable[[Objective], Objective] = lambda objective: objective
    in_data_space: bool = False

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
        """Show what would have to change in images for a classifier to answer so.

        Nobody asks whether the inputs are typical of the coordinates.

        Args:
            x: Images in [0, 1], shape (batch, channels, height, width).
            model: From images to logits, in evaluation mode.
            coordinates: Of a generative model of such images; methods that move in data
                space have no use for it.
            target: The class to become.
            confidence: Probability that the target must exceed: the one test of success
                for all methods.
            run: How long to search, in what batches, and so on.

        Raises:
            ValueError: If the images, the model, the coordinates or the target cannot
                be searched.
        """

        pixels = Identity(tuple(x.shape[1:]))
        place = pixels if self.in_data_space else Bounded(coordinates)
        objective = self.price(TargetClass(target, confidence))

        return search(x, model, objective, place, self.ascent, run)


def adversarial(ascent: Ascent = PIXEL_STEPS) -> GradientMethod:
    """Ascend the target's log-odds in data space: adversarial examples.

    Source: Dombrowski et al., 2024, Section IV-B, "gradient ascent in X", with Adam and
    the rate of its commands.

    Args:
        ascent: How to step; it must keep the pixels in [0, 1].

    Example:
        >>> adversarial().in_data_space
        True
    """

    return GradientMethod(ascent, in_data_space=True)


def diffeomorphic(ascent: Ascent | None = None) -> GradientMethod:
    """Ascend the target's log-odds in latent coordinates: the library's own method.

    Source: Dombrowski et al., 2024, Algorithm 1.

    Args:
        ascent: How to step; the default of `search` if not given.

    Example:
        >>> diffeomorphic().in_data_space
        False
    """

    return GradientMethod(ascent)


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
        >>> wachter(0.2).price(TargetClass(9)).weight
        0.2
    """

    price = partial(Penalized, penalty=Manhattan(), weight=weight)

    return GradientMethod(ascent, price, in_data_space=True)


def revise(weight: float = 0.05) -> GradientMethod:
    """Ascend log-odds less λ ‖x − g(z)‖₁ in latent coordinates z.

    Source: Joshi et al., 2019, Towards realistic individual recourse and actionable
    explanations in black-box decision making systems, equation (2): it stops at the
    first point at the target. The limit λ → 0 is `diffeomorphic`, as Dombrowski et al.,
    2024, Section V, note; so z comes from the encoder. Steps are shorter than those of
    `diffeomorphic`, since the penalty changes what lies ahead. The distance, left free
    there, is L1.

    Args:
        weight: λ, the log-odds that a unit of the L1 distance costs.

    Example:
        >>> revise(0.2).price(TargetClass(9)).weight
        0.2
    """

    price = partial(Penalized, penalty=Manhattan(), weight=weight)

    return GradientMethod(LATENT_STEPS, price)
