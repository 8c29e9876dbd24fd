"""Published methods that are an objective, coordinates and an ascent."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from diffeo.ascents import Ascent, Box
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import Objective
from diffeo.objectives.penalized import Penalized, Weight
from diffeo.objectives.penalties import Manhattan
from diffeo.search import DEFAULT_ASCENT, Run, search
from diffeo.search.problem import Problem
from diffeo.shapes import Data, Model

__all__ = [
    "PIXEL_ASCENT",
    "GradientMethod",
    "adversarial",
    "diffeomorphic",
    "revise",
    "wachter",
]

PIXEL_ASCENT: Ascent = Box(DEFAULT_ASCENT, 0.0, 1.0)
"""The default of `search`, held inside the values of pixels."""


@dataclass(frozen=True)
class GradientMethod:
    """A method as the parts of a search.

    Args:
        ascent: How to step; the default of `search` if not given.
        price: From what is wanted to the objective, which subtracts penalties from its
            score; that score alone if not given.
        in_data_space: Whether the pixels themselves are moved, instead of coordinates
            of a generative model, whose images are clamped to [0, 1].

    Example:
        >>> import torch
        >>> from diffeo import TargetClass
        >>> x, place = torch.full((2, 1, 1, 2), 0.4), Identity((1, 1, 2))
        >>> model = lambda x: 9 * x.flatten(1)
        >>> goal = TargetClass(1, 0.9)
        >>> record = GradientMethod().explain(x, model, place, goal, Run())
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
        goal: Objective,
        run: Run,
    ) -> Counterfactuals:
        """Show what would have to change in images for a model to answer so.

        Nobody asks whether the inputs are typical of the coordinates.

        Args:
            x: Images in [0, 1], shape (batch, channels, height, width).
            model: From images to logits or values, in evaluation mode.
            coordinates: Of a generative model of such images; methods that move in data
                space have no use for it.
            goal: What to become, such as a class with a probability that it must
                exceed: the one test of success for all methods.
            run: How long to search, in what batches, and so on.

        Raises:
            ValueError: If the images, the model, the coordinates or the target cannot
                be searched.
        """

        return search(x, *self.problem(x, model, coordinates, goal), run)

    def problem(
        self, x: Data, model: Model, coordinates: Coordinates, goal: Objective
    ) -> Problem:
        """Return what is searched.

        Args:
            x: Images, of which the shape counts.
            model: From images to logits.
            coordinates: Of a generative model of such images.
            goal: What is wanted, without a price.
        """

        pixels = Identity(tuple(x.shape[1:]))
        place = pixels if self.in_data_space else Bounded(coordinates)

        return Problem(model, self.price(goal), place, self.ascent or DEFAULT_ASCENT)


def adversarial(ascent: Ascent = PIXEL_ASCENT) -> GradientMethod:
    """Ascend the target's log-odds in data space: adversarial examples.

    Source: Dombrowski et al., 2024, Section IV-B, "gradient ascent in X".

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


def wachter(weight: Weight = 0.05, ascent: Ascent = PIXEL_ASCENT) -> GradientMethod:
    """Ascend log-odds less a penalty on the L1 distance in data space.

    Source: Wachter, Mittelstadt and Russell, 2018, Counterfactual explanations without
    opening the black box, equations (1) and (2). Their λ weighs the prediction and is
    raised for each row until it succeeds; `weight` is its inverse, of which `Bisected`
    finds the greatest that succeeds. Their L1 distance is unweighted here, because most
    pixels of digits have no median absolute deviation to divide by. Log-odds stand for
    their squared error of a probability.

    Args:
        weight: Log-odds that a unit of the L1 distance costs, shape (batch,) if each
            row has its own.
        ascent: How to step; it must keep the pixels in [0, 1].

    Example:
        >>> from diffeo import TargetClass
        >>> wachter(0.2).price(TargetClass(9)).weight
        0.2
    """

    price = partial(Penalized, penalty=Manhattan(), weight=weight)

    return GradientMethod(ascent, price, in_data_space=True)


def revise(weight: Weight = 0.05, ascent: Ascent | None = None) -> GradientMethod:
    """Ascend log-odds less λ ‖x − g(z)‖₁ in latent coordinates z.

    Source: Joshi et al., 2019, Towards realistic individual recourse and actionable
    explanations in black-box decision making systems, equation (2): it stops at the
    first point at the target. The limit λ → 0 is `diffeomorphic`, as Dombrowski et al.,
    2024, Section V, note; so z comes from the encoder. The distance, left free there,
    is L1.

    Args:
        weight: λ, the log-odds that a unit of the L1 distance costs, shape (batch,) if
            each row has its own.
        ascent: How to step; the default of `search` if not given.

    Example:
        >>> from diffeo import TargetClass
        >>> revise(0.2).price(TargetClass(9)).weight
        0.2
    """

    price = partial(Penalized, penalty=Manhattan(), weight=weight)

    return GradientMethod(ascent, price)
