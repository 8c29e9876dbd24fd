"""The main job in one call: counterfactuals for a class or any other objective."""

from collections.abc import Sequence

from diffeo.ascents import Ascent
from diffeo.coordinates.autoencoder import EncodesAndDecodes, Pair, as_coordinates
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.limits import ColumnLimits
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import Objective, TargetClass
from diffeo.objectives.classes import Target
from diffeo.search import Run, search
from diffeo.search.checks import check_data, check_modes, check_parts
from diffeo.several import search_several
from diffeo.shapes import Data, Model

__all__ = ["explain"]

ROUNDING = 1e-4  # by so much images may leave [0, 1]


def explain(  # noqa: PLR0913 - the one call that users make
    x: Data,
    model: Model,
    coordinates: EncodesAndDecodes | Pair,
    *,
    target: Target | None = None,
    objective: Objective | None = None,
    confidence: float = 0.99,
    ascent: Ascent | None = None,
    run: Run | None = None,
    several: int = 1,
    frozen: Sequence[str] = (),
    only_up: Sequence[str] = (),
    only_down: Sequence[str] = (),
) -> Counterfactuals:
    """Show what would have to change in data for a model to answer otherwise.

    Args:
        x: Images in [0, 1], as (batch, channels, height, width), or a table, as
            (batch, features).
        model: From data to a logit for each class, to a single logit, or to a value; in
            evaluation mode.
        coordinates: The coordinates of a generative model of such data; `Identity` for
            adversarial examples. Or any encoder and decoder, as a module that has
            `encode` and `decode` or as two functions; of several answers of the
            encoder, such as mean and log-variance, the first is taken. Of images, what
            they decode to is held in [0, 1].
        target: The class to become, one for each row, or "other": any but the model's
            own answer.
        objective: What to reach instead of a class, such as `AtLeast(3.5)`.
        confidence: Probability that the target class must exceed.
        ascent: How to step; the default of `search` if not given.
        run: How long to search, in what batches, and so on.
        several: Counterfactuals for each input, each by a change in another direction
            than those before; see `search_several`. With more than one the record has
            as many rows for each input, one after the other.
        frozen: Names of columns of a table that stay as they are, to the last bit; the
            coordinates are a flow that was fitted to it.
        only_up: Columns of numbers that must not fall.
        only_down: Columns of numbers that must not rise.

    Raises:
        ValueError: If the data, the model, the coordinates or the target cannot be
            searched, there is to be no counterfactual, or columns are limited that are
            not of the coordinates.

    Example:
        >>> import torch
        >>> from diffeo import Identity
        >>> x = torch.tensor([[2.0, 0.0], [1.0, 0.5]])
        >>> explain(x, lambda x: 3 * x, Identity((2,)), target=1).target
        tensor([1., 1.])
    """

    check_data(x)
    check_modes(coordinates=coordinates)
    place = as_coordinates(coordinates, x)
    check_parts(coordinates=place)

    if objective is None and target is not None:
        wanted: Objective = TargetClass(target, confidence)
    elif objective is not None and target is None:
        wanted = objective
    else:
        raise ValueError(
            f"either target or objective must be given, got {target} and {objective}"
        )

    limits = ColumnLimits(tuple(frozen), tuple(only_up), tuple(only_down))

    if limits.names:
        place = limits.applied(place)

    if x.ndim == 4:
        _check_images(x)
        place = Bounded(place)

    if several == 1:
        return search(x, model, wanted, place, ascent, run)

    return search_several(x, model, wanted, place, ascent, run, count=several)


def _check_images(x: Data) -> None:
    """Refuse images out of range, as those from 0 to 255 are."""

    low, high = x.amin().item(), x.amax().item()

    if low < -ROUNDING or high > 1 + ROUNDING:
        raise ValueError(f"x must lie in [0, 1], got values from {low} to {high}")
