"""MNIST in its official layout: four IDX files, plain or gzipped."""

from importlib import resources
from pathlib import Path

import numpy as np
import torch

from diffeo.data.folders import Layout, Split
from diffeo.data.idx import read_idx
from diffeo.data.images import read_images
from diffeo.data.labelled import LabelledImages

__all__ = ["mnist", "sample_digits"]

LAYOUT = Layout(
    name="MNIST",
    file="*-images-idx3-ubyte*",
    inside=("raw", "mnist/raw", "mnist", "MNIST/raw"),
    source="https://ossci-datasets.s3.amazonaws.com/mnist/",
)
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

    digits = _read(LAYOUT.find(folder), "t10k" if split == "test" else "train")
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
        return _read(folder, "t10k-sample")


def _read(folder: Path, stem: str) -> LabelledImages:
    images, _ = read_images(_plain_or_packed(folder / f"{stem}-images-idx3-ubyte"))
    source = _plain_or_packed(folder / f"{stem}-labels-idx1-ubyte")
    labels = torch.from_numpy(read_idx(source).astype(np.int64))

    if labels.shape != images.shape[:1]:
        raise ValueError(
            f"{source} must hold a digit for each of {len(images)} images, got shape "
            f"{tuple(labels.shape)}"
        )

    return LabelledImages(images, labels, CLASSES)


def _plain_or_packed(path: Path) -> Path:
    packed = path.with_name(f"{path.name}.gz")

    return packed if packed.is_file() and not path.is_file() else path
