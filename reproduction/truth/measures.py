"""What can be measured of a bright figure on a dark ground."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from diffeo.shapes import Images, Scores
from reproduction.truth.task import Measure

__all__ = [
    "FIGURE",
    "FINE",
    "brightness",
    "fill",
    "light",
    "mask",
    "outside",
    "place",
    "size",
    "slope",
]

DIM = 0.25  # of a figure's brightness that its dimmest pixels have
FINE = 4  # pixels a side that one pixel is seen as
BRIGHTEST = 20  # pixels whose mean is the brightness of a figure


def brightness(x: Images) -> Scores:
    """Return the mean of each image's brightest pixels."""

    return x.flatten(1).topk(BRIGHTEST).values.mean(1)


def mask(x: Images) -> Tensor:
    """Return flags of a figure's pixels: those of more than half its brightness.

    Each pixel is seen as `FINE` times `FINE`, so that an edge is found within it.
    """

    fine = interpolate(x, scale_factor=FINE, mode="bicubic")

    return fine > brightness(x)[:, None, None, None] / 2


def light(x: Images) -> Scores:
    """Return the mean of the pixels of a figure."""

    inside = _inside(x)

    return (x * inside).flatten(1).sum(1) / inside.flatten(1).sum(1).clamp(min=1)


def slope(x: Images, axis: int) -> Scores:
    """Return by how much a figure's pixels brighten along an axis, as a share of all.

    Args:
        x: Images.
        axis: 1 for down, 2 for across.
    """

    inside = _inside(x)
    at = torch.linspace(-1, 1, x.shape[2])
    at = at[:, None] if axis == 1 else at
    count = inside.flatten(1).sum(1).clamp(min=1)
    centered = at - ((at * inside).flatten(1).sum(1) / count)[:, None, None, None]
    rise = (centered * inside * x).flatten(1).sum(1)
    spread = (centered.square() * inside).flatten(1).sum(1).clamp(min=1e-3)

    return rise / spread / light(x).clamp(min=1e-3)


def _inside(x: Images) -> Tensor:
    """Return flags of pixels that are a figure's even where it is dim."""

    return x > brightness(x)[:, None, None, None] * DIM


def size(x: Images) -> Scores:
    """Return the side, in pixels, of a square of as large an area as a figure's."""

    return mask(x).flatten(1).sum(1).float().sqrt() / FINE


def fill(x: Images) -> Scores:
    """Return a figure's pixels as a share of its box: more for squares."""

    flags = mask(x)[:, 0]
    down, across = ((flags.sum(axis) >= FINE).sum(1) for axis in (2, 1))

    return flags.flatten(1).sum(1) / (down * across).clamp(min=1)


def place(x: Images, axis: int) -> Scores:
    """Return the middle of a figure's pixels along an axis, in pixels.

    Args:
        x: Images.
        axis: 1 for down, 2 for across.
    """

    profile = mask(x)[:, 0].sum(3 - axis).float()
    at = torch.arange(profile.shape[1]) / FINE

    return (profile * at).sum(1) / profile.sum(1).clamp(min=1)


def outside(pixels: Tensor, measure: Measure) -> Measure:
    """Return a measure of images in which some pixels are black.

    Args:
        pixels: Flags of these pixels.
        measure: What is measured of the others.
    """

    return lambda x: measure(x.masked_fill(pixels, 0))


FIGURE: Mapping[str, Measure] = {
    "size": size,
    "brightness": brightness,
    "down": lambda x: place(x, 1),
    "across": lambda x: place(x, 2),
}
"""By name, whatever the figure is."""
