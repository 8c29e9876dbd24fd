"""The digits of the benchmarks: MNIST where it is found, else those of the package."""

import os

import torch
from torch import Tensor

from diffeo.data.labelled import LabelledImages
from diffeo.data.mnist import mnist, sample_digits

__all__ = ["official_digits", "repeated", "training_digits"]

HELD_OUT = 2000
TRAINED_OF_SAMPLE = 800  # of the 1,000 digits of the package; the rest is held out


def official_digits() -> LabelledImages:
    """Return the official test digits, or the thousand of them in the package."""

    return mnist("test") if _is_told_where() else sample_digits()


def training_digits() -> tuple[LabelledImages, LabelledImages]:
    """Return digits to train on, and others to measure a training with."""

    if _is_told_where():
        return mnist("train"), mnist("test").select(slice(HELD_OUT))

    sample = sample_digits()

    return (
        sample.select(slice(TRAINED_OF_SAMPLE)),
        sample.select(slice(TRAINED_OF_SAMPLE, None)),
    )


def repeated(x: Tensor, count: int) -> Tensor:
    """Return so many rows: the first, and from the start again where they run out."""

    return x[torch.arange(count) % len(x)]


def _is_told_where() -> bool:
    return "DIFFEO_DATA" in os.environ
