"""Handwritten digits of which a patch, or the brightness, is the class."""

from pathlib import Path

import torch
from torch import Tensor

from diffeo.data.mnist import mnist
from diffeo.shapes import Images
from reproduction.truth.measures import FIGURE, light, outside, slope
from reproduction.truth.task import SIDE, Split, Task, between, either

__all__ = ["BRIGHTNESS", "PATCH", "digits"]

CORNER = 4  # pixels of the patch's side
SLOPE = 0.3  # by which light changes from the middle to a border, at most
IN_CORNER = torch.zeros(SIDE, SIDE, dtype=torch.bool)
IN_CORNER[:CORNER, :CORNER] = True


def digits(split: Split, folder: Path | None, count: int) -> Images:
    """Return the first digits of a split.

    Args:
        split: Of the official split.
        folder: The folder of data sets.
        count: How many.
    """

    return mnist(split, folder).images[:count]


def _patched(x: Images, labels: Tensor, generator: torch.Generator) -> Images:
    x = x * between(0.5, 1.0, len(x), generator)

    return torch.where(IN_CORNER, either(0.0, 1.0, labels, generator), x)


def _lit(x: Images, labels: Tensor, generator: torch.Generator) -> Images:
    """Return digits in a light that falls off to some side, as bright on average."""

    down, across = (between(-SLOPE, SLOPE, len(x), generator) for _ in range(2))
    at = torch.linspace(-1, 1, SIDE)
    uneven = x * (1 + down * at[:, None] + across * at)
    wanted = either(0.25, 0.75, labels, generator)

    return uneven * wanted / light(uneven)[:, None, None, None]


PATCH = Task(
    "patch",
    {
        "patch": lambda x: x[..., IN_CORNER].flatten(1).mean(1),
        **{name: outside(IN_CORNER, measure) for name, measure in FIGURE.items()},
    },
    digits,
    _patched,
    IN_CORNER,
)
"""Digits with a patch in the corner that is bright or dark."""
BRIGHTNESS = Task(
    "brightness",
    {
        "brightness": light,
        "light_down": lambda x: slope(x, 1),
        "light_across": lambda x: slope(x, 2),
        **{name: FIGURE[name] for name in ("size", "down", "across")},
    },
    digits,
    _lit,
)
"""Digits that are bright or dim as a whole, each lit from a side."""
