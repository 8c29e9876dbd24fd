"""Digits of which the thickness of the strokes is the class."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import distance_transform_edt
from skimage.morphology import skeletonize
from torch import Tensor
from torch.nn.functional import avg_pool2d

from diffeo.shapes import Images, Scores
from reproduction.truth.digits import digits
from reproduction.truth.measures import FIGURE, FINE, mask
from reproduction.truth.task import Task, between, either

__all__ = ["THICKNESS", "length", "thickness"]

FADE = 1.0  # pixels over which a stroke fades
Flags = npt.NDArray[np.bool_]


def thickness(x: Images) -> Scores:
    """Return the mean thickness of each image's strokes, in pixels.

    Source: Castro, Tan, Kainz, Konukoglu and Glocker, 2019, Morpho-MNIST: quantitative
    assessment and diagnostics for representation learning, Section 2: twice the mean
    distance of the skeleton from the ground, in four times as many pixels a side.
    """

    return _of_strokes(x, _mean_width)


def length(x: Images) -> Scores:
    """Return the length of each image's skeleton, in pixels."""

    return _of_strokes(x, lambda ink: float(_skeleton(ink).sum()))


def _skeleton(ink: Flags) -> Flags:
    found: Flags = skeletonize(ink)  # type: ignore[no-untyped-call]

    return found


def _mean_width(ink: Flags) -> float:
    skeleton = _skeleton(ink)
    inside = distance_transform_edt(ink)[skeleton]

    return 2 * float(inside.sum()) / max(1, len(inside))


def _of_strokes(x: Images, measure: Callable[[Flags], float]) -> Scores:
    """Return what is measured of the strokes of each image, in its own pixels."""

    return torch.tensor([measure(ink) / FINE for ink in mask(x)[:, 0].numpy()])


def _drawn(x: Images, labels: Tensor, generator: torch.Generator) -> Images:
    """Return the skeletons of digits, drawn anew as strokes of one thickness."""

    wide = either(1.6, 4.0, labels, generator)
    bright = between(0.6, 1.0, len(x), generator)
    away = np.stack(
        [distance_transform_edt(~_skeleton(ink)) for ink in mask(x)[:, 0].numpy()]
    )
    inside = wide / 2 - torch.from_numpy(away).float()[:, None] / FINE

    return bright * avg_pool2d((inside / FADE + 0.5).clamp(0, 1), FINE)


THICKNESS = Task(
    "thickness",
    {
        "thickness": thickness,
        "length": length,
        **{name: FIGURE[name] for name in ("brightness", "down", "across")},
    },
    digits,
    _drawn,
)
"""Digits with strokes of one thickness, thin or thick."""
