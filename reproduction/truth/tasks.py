"""Images made on the spot, of which one measurable cue alone decides the class."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.data.labelled import LabelledImages
from diffeo.shapes import Images, Scores

__all__ = ["TASKS", "Task"]

SIDE = 28
PATCH = 4  # pixels of the corner's side
BRIGHTEST = 20  # pixels whose mean is the brightness of a figure
Measure = Callable[[Images], Scores]
Make = Callable[[Images, Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Task:
    """Images of two classes that differ in their cue and in nothing else.

    Args:
        cue: Name of the attribute that decides.
        attributes: What is measured of each image, by name; all but the cue are drawn
            whatever the class is.
        make: From digits, the class of each image to make, and a source of chance, to
            images; those of class 1 have more of the cue.
    """

    cue: str
    attributes: Mapping[str, Measure]
    make: Make

    def draw(self, digits: Images, *, seed: int) -> LabelledImages:
        """Return an image for each digit, of classes that alternate."""

        generator = torch.Generator().manual_seed(seed)
        labels = torch.arange(len(digits)) % 2
        images = self.make(digits, labels, generator)

        return LabelledImages((images.clamp(0, 1) * 255).round() / 255, labels)


def _between(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, 1, 1, 1, generator=generator)


def _either(
    labels: Tensor, ends: tuple[float, ...], generator: torch.Generator
) -> Tensor:
    """Return a number for each label: from the first two ends, or the last two."""

    low, middle, above, high = ends
    count = len(labels)
    less, more = (
        _between(*pair, count, generator) for pair in ((low, middle), (above, high))
    )

    return torch.where(labels[:, None, None, None] == 1, more, less)


def _figures(digits: Images, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Return squares and circles: large ones are of class 1, whatever their form."""

    count = len(digits)
    radius = _either(labels, (3.5, 5.0, 7.0, 8.5), generator)
    round_ones = torch.rand(count, 1, 1, 1, generator=generator) < 0.5
    bright = _between(0.6, 1.0, count, generator)
    at = torch.arange(SIDE, dtype=torch.float32)
    middle = [_between(11.0, 16.0, count, generator) for _ in range(2)]
    down, across = (at[:, None] - middle[0]).abs(), (at - middle[1]).abs()
    side = radius * 0.886  # of a square with the circle's area, halved
    circle = radius - (down**2 + across**2).sqrt()
    square = side - torch.maximum(down, across)
    inside = torch.where(round_ones, circle, square)

    return bright * (inside + 0.5).clamp(0, 1)


def _patched(digits: Images, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Return digits with a patch in the corner, bright for class 1."""

    images = digits.clone()
    images[..., :PATCH, :PATCH] = _either(labels, (0.0, 0.3, 0.7, 1.0), generator)

    return images


def _lit(digits: Images, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Return digits that are bright as a whole for class 1, else dim."""

    return digits * _either(labels, (0.3, 0.5, 0.75, 1.0), generator)


def _brightness(x: Images) -> Scores:
    """Return the mean of each image's brightest pixels."""

    return x.flatten(1).topk(BRIGHTEST).values.mean(1)


def _mask(x: Images) -> Tensor:
    return x > _brightness(x)[:, None, None, None] / 2


def _size(x: Images) -> Scores:
    """Return the side, in pixels, of a square of as many pixels as a figure has."""

    return _mask(x).flatten(1).sum(1).float().sqrt()


def _fill(x: Images) -> Scores:
    """Return a figure's pixels as a share of its box: more for squares."""

    mask = _mask(x)[:, 0]
    down, across = ((mask.sum(axis) >= 2).sum(1) for axis in (2, 1))

    return mask.flatten(1).sum(1) / (down * across).clamp(min=1)


def _place(x: Images, axis: int) -> Scores:
    """Return the middle of a figure's pixels along an axis, in pixels."""

    profile = _mask(x)[:, 0].sum(3 - axis).float()

    return (profile * torch.arange(SIDE)).sum(1) / profile.sum(1).clamp(min=1)


def _beside_patch(measure: Measure) -> Measure:
    """Return a measure of an image whose corner is black."""

    def measured(x: Images) -> Scores:
        kept = x.clone()
        kept[..., :PATCH, :PATCH] = 0

        return measure(kept)

    return measured


FIGURE: dict[str, Measure] = {
    "size": _size,
    "brightness": _brightness,
    "down": lambda x: _place(x, 1),
    "across": lambda x: _place(x, 2),
}
TASKS = {
    "size": Task("size", {**FIGURE, "fill": _fill}, _figures),
    "patch": Task(
        "patch",
        {
            "patch": lambda x: x[..., :PATCH, :PATCH].flatten(1).mean(1),
            **{name: _beside_patch(measure) for name, measure in FIGURE.items()},
        },
        _patched,
    ),
    "brightness": Task("brightness", FIGURE, _lit),
}
"""The tasks by their names."""
