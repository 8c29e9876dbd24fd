"""MNIST in its official layout: four IDX files, plain or gzipped."""

from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from diffeo.data.folder import data_folder
from diffeo.data.idx import read_idx
from diffeo.data.labelled import LabelledImages

__all__ = ["Split", "mnist", "sample_digits"]

Split = Literal["train", "validation", "test"]

CLASSES = tuple("0123456789")
VALIDATION = 5_000  # the last of the 60,000 official training digits


def mnist(split: Split, folder: Path | None = None) -> LabelledImages:
    """Read 55,000 training, 5,000 validation or 10,000 official test digits.

    Source: LeCun, Bottou, Bengio and Haffner, 1998, Gradient-based learning applied to
    document recognition.

    Args:
        split: "train" for the official training digits but the last 5,000,
            "validation" for these, "test" for the official test digits.
        folder: The folder of the four official files, plain or gzipped, or one above
            it; the environment variable DIFFEO_DATA if not given.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is truncated or of another format.

    Example:
        >>> test = mnist("test")  # doctest: +SKIP
        >>> test.images.shape  # doctest: +SKIP
        torch.Size([10000, 1, 28, 28])
    """

    stem = "t10k" if split == "test" else "train"
    images = f"{stem}-images-idx3-ubyte"
    found = data_folder(
        folder, inside=("raw", "mnist/raw", "mnist", "MNIST/raw"), holds=images
    )
    digits = _read(found / images, found / f"{stem}-labels-idx1-ubyte")
    rows = {
        "train": slice(None, -VALIDATION),
        "validation": slice(-VALIDATION, None),
        "test": slice(None),
    }

    return digits.select(rows[split])


def sample_digits() -> LabelledImages:
    """Return the first 1,000 official test digits, which come with the package.

    Example:
        >>> digits = sample_digits()
        >>> digits.images[digits.labels == 4].shape
        torch.Size([110, 1, 28, 28])
    """

    with resources.as_file(resources.files("diffeo.data") / "digits") as folder:
        return _read(
            folder / "t10k-sample-images-idx3-ubyte",
            folder / "t10k-sample-labels-idx1-ubyte",
        )


def _read(images: Path, labels: Path) -> LabelledImages:
    pixels = read_idx(_plain_or_packed(images))
    digits = read_idx(_plain_or_packed(labels))

    if pixels.ndim != 3 or pixels.shape[1:] != (28, 28):
        raise ValueError(
            f"{images} must hold images of 28×28 pixels, got shape {pixels.shape}"
        )

    if digits.shape != pixels.shape[:1] or digits.max() > 9:
        raise ValueError(
            f"{labels} must hold a digit from 0 to 9 for each of {len(pixels)} images, "
            f"got shape {digits.shape} and values up to {digits.max()}"
        )

    return LabelledImages(
        torch.from_numpy(pixels.copy())[:, None].float() / 255,
        torch.from_numpy(digits.astype(np.int64)),
        CLASSES,
    )


def _plain_or_packed(path: Path) -> Path:
    packed = path.with_name(path.name + ".gz")

    if path.is_file() or not packed.is_file():
        return path

    return packed
