"""Chest X-rays with a marker, which is bright or dim."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from diffeo.data.chexpert import Finding, chexpert
from diffeo.shapes import Images, Scores
from reproduction.truth.task import SIDE, Measure, Split, Task, between, either

__all__ = ["MARKER", "marker"]

LETTER = torch.tensor(
    [
        [0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 1, 1, 1, 0],
        [0, 0, 0, 0, 0],
    ],
    dtype=torch.float32,
)
FIRST, STEPS = 1, 3  # the plate's corner is in one of so many rows and columns
LARGE = 36  # pixels of an X-ray's side, of which a part is cut out
IN_PLACE = torch.zeros(SIDE, SIDE, dtype=torch.bool)
IN_PLACE[
    FIRST : FIRST + STEPS - 1 + LETTER.shape[0],
    FIRST : FIRST + STEPS - 1 + LETTER.shape[1],
] = True


def marker(x: Images) -> Scores:
    """Return how much brighter an L is than its plate, where that is most."""

    down, across = LETTER.shape
    weight = LETTER / LETTER.sum() - (1 - LETTER) / (1 - LETTER).sum()
    found = [
        (x[:, 0, top : top + down, left : left + across] * weight).sum((1, 2))
        for top in range(FIRST, FIRST + STEPS)
        for left in range(FIRST, FIRST + STEPS)
    ]

    return torch.stack(found).amax(0)


def _rest(x: Images) -> Tensor:
    """Return the pixels beside the marker's place, shape (batch, pixels)."""

    return x[..., ~IN_PLACE].flatten(1)


def _tilt(x: Images, axis: int) -> Scores:
    """Return how much brighter the second half is than the first, marker left out."""

    first, second = x.masked_fill(IN_PLACE, 0).chunk(2, axis)

    return (second - first).mean((1, 2, 3))


def _grain(x: Images) -> Scores:
    """Return the mean difference of neighboring pixels, marker left out."""

    rest = x.masked_fill(IN_PLACE, 0)

    return (
        rest.diff(dim=2).abs().mean((1, 2, 3)) + rest.diff(dim=3).abs().mean((1, 2, 3))
    ) / 2


def xrays(split: Split, folder: Path | None, count: int) -> Images:
    """Return X-rays, each as often as it takes.

    Args:
        split: Those of "validation" and "test" are every other one of those that are
            not for training.
        folder: The folder of data sets.
        count: How many.
    """

    known = Finding(blank="zeros", uncertain="zeros")

    if split == "train":
        pixels = chexpert("train", folder, finding=known, limit=count).pixels
    else:
        both = chexpert("validation", folder, finding=known, limit=2 * count).pixels
        pixels = both[int(split == "test") :: 2]

    x = interpolate(pixels.float() / 255, size=LARGE, mode="area")

    return x[torch.arange(count) % len(x)]


def _marked(x: Images, labels: Tensor, generator: torch.Generator) -> Images:
    """Return parts of X-rays of any contrast, mirrored or not, with a marker."""

    count, room = len(x), LARGE - SIDE + 1
    x = torch.where(torch.rand(count, 1, 1, 1, generator=generator) < 0.5, x, x.flip(3))
    cuts = torch.randint(room, (count, 2), generator=generator).tolist()
    x = torch.stack(
        [
            each[:, top : top + SIDE, left : left + SIDE]
            for each, (top, left) in zip(x, cuts, strict=True)
        ]
    )
    contrast = between(0.5, 1.0, count, generator)
    x = between(0.0, 1.0, count, generator) * (1 - contrast) + contrast * x
    plates = either(0.2, 1.0, labels, generator) * LETTER
    down, across = LETTER.shape
    corners = torch.randint(FIRST, FIRST + STEPS, (count, 2), generator=generator)

    for each, plate, (top, left) in zip(x, plates, corners.tolist(), strict=True):
        each[:, top : top + down, left : left + across] = plate

    return x


ATTRIBUTES: Mapping[str, Measure] = {
    "marker": marker,
    "brightness": lambda x: _rest(x).mean(1),
    "contrast": lambda x: _rest(x).std(1),
    "grain": _grain,
    "down": lambda x: _tilt(x, 2),
    "across": lambda x: _tilt(x, 3),
}
MARKER = Task("marker", ATTRIBUTES, xrays, _marked, IN_PLACE)
"""Chest X-rays of any contrast with a burnt-in letter that is bright or dim."""
