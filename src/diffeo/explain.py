"""The main job in one call: counterfactuals of images for a class."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch

from diffeo.ascents import Ascent
from diffeo.batching import batches_of
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates, Typicality
from diffeo.counterfactuals import Counterfactuals
from diffeo.counterfactuals import Typicality as TypicalityCode
from diffeo.objectives import TargetClass
from diffeo.search import Run, search
from diffeo.shapes import Data, Indices, Model

__all__ = ["explain"]

UNKNOWN = int(TypicalityCode.UNKNOWN)


def explain(
    x: Data,
    model: Model,
    coordinates: Coordinates,
    *,
    target: int | Sequence[int] | Literal["other"],
    confidence: float = 0.99,
    ascent: Ascent | None = None,
    run: Run | None = None,
) -> Counterfactuals:
    """Show what would have to change in images for a classifier to answer otherwise.

    Args:
        x: Images in [0, 1], as (batch, channels, height, width).
        model: From images to a logit for each class, or a single one; in evaluation
            mode.
        coordinates: Of a generative model of such images; `Identity` for adversarial
            examples.
        target: The class to become, one for each image, or "other": any but the model's
            own answer.
        confidence: Probability that the target must exceed.
        ascent: How to step; the usual way of `search` if not given.
        run: How long to search, in what batches, and so on.

    Raises:
        ValueError: If the images, the model, the coordinates or the target cannot be
            searched.
    """

    _check_images(x)
    wanted = target if isinstance(target, int | str) else tuple(target)
    objective = TargetClass(wanted, confidence)
    record = search(x, model, objective, Bounded(coordinates), ascent, run)

    return replace(record, typical=_typical(x, coordinates, record.batch_size))


def _check_images(x: Data) -> None:
    if x.ndim != 4:
        raise ValueError(
            f"x must be (batch, channels, height, width), got {tuple(x.shape)}"
        )

    low, high = x.amin().item(), x.amax().item()

    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"x must lie in [0, 1], got values from {low:.4g} to {high:.4g}"
        )


def _typical(x: Data, coordinates: Coordinates, batch_size: int) -> Indices:
    if not isinstance(coordinates, Typicality):
        return torch.full((len(x),), UNKNOWN, device=x.device)

    return torch.cat(
        [coordinates.is_typical(part).long() for part in batches_of(x, batch_size)]
    )
