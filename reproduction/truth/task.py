"""Images of which one measurable cue alone decides the class."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from diffeo.data.labelled import LabelledImages
from diffeo.shapes import Images, Scores

__all__ = ["SIDE", "Measure", "Split", "Task", "between", "either"]

SIDE = 28  # pixels of all images' sides
GAP = 0.1  # of the cue's range, in its middle, that no image has
Split = Literal["train", "validation", "test"]
Measure = Callable[[Images], Scores]
Read = Callable[[Split, Path | None, int], Images]
Make = Callable[[Images, Tensor, torch.Generator], Images]


@dataclass(frozen=True)
class Task:
    """Images of two classes that differ in their cue and in nothing else.

    Args:
        cue: Name of the attribute that decides.
        attributes: What is measured of each image, by name; all but the cue are drawn
            whatever the class is.
        read: From a split, a folder of data sets and a number to as many images, which
            others are made of.
        make: From these, the class of each image to make, and a source of chance, to
            images; those of class 1 have more of the cue.
        place: Flags of the pixels where the cue is, if it has a place.
    """

    cue: str
    attributes: Mapping[str, Measure]
    read: Read
    make: Make
    place: Tensor | None = None

    def draw(self, x: Images, *, seed: int) -> LabelledImages:
        """Return images of classes that alternate, made of others.

        Args:
            x: What they are made of.
            seed: Of what is drawn by chance.
        """

        generator = torch.Generator().manual_seed(seed)
        labels = torch.arange(len(x)) % 2
        images = self.make(x, labels, generator)

        return LabelledImages((images.clamp(0, 1) * 255).round() / 255, labels)

    def images(self, split: Split, folder: Path | None, count: int) -> LabelledImages:
        """Return images of a split.

        Args:
            split: What they are made of.
            folder: The folder of data sets.
            count: How many there shall be.
        """

        seed = get_args(Split).index(split)

        return self.draw(self.read(split, folder, count), seed=seed)


def between(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    """Return a number for each image, all equally likely.

    Args:
        low: The least.
        high: The greatest.
        count: How many images there are.
        generator: Source of chance.
    """

    return low + (high - low) * torch.rand(count, 1, 1, 1, generator=generator)


def either(
    low: float, high: float, labels: Tensor, generator: torch.Generator
) -> Tensor:
    """Return a cue for each label: below the middle of a range for 0, above it for 1.

    Args:
        low: The least.
        high: The greatest; a tenth of the range, in its middle, is left out.
        labels: The class of each image.
        generator: Source of chance.
    """

    half = (1 - GAP) / 2
    share = half * torch.rand(len(labels), 1, 1, 1, generator=generator)
    upper = labels[:, None, None, None] == 1

    return low + (high - low) * torch.where(upper, 1 - half + share, share)
