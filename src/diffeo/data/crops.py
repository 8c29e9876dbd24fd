"""Squares of picture files as 8-bit pixels, resized as they are cut."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from diffeo.data.levels import Pixels
from diffeo.data.pictures import BROKEN

__all__ = [
    "Box",
    "Channels",
    "Square",
    "center_box",
    "cut",
    "open_picture",
    "read_square",
    "stack",
]

Channels = tuple[Image.Image, ...]  # Pillow's mode "F", gray levels from 0 to 255
Square = npt.NDArray[np.uint8]  # (channels, side, side)
Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a square, in pixels of the picture."""


def open_picture(path: Path, mode: Literal["L", "RGB"]) -> Channels:
    """Read a picture file that a list names.

    Args:
        path: The file.
        mode: "L" for gray, "RGB" for color.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a whole picture.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "gray.png")
        ...     Image.new("L", (3, 2)).save(path)
        ...     len(open_picture(path, "RGB"))
        3
    """

    try:
        with Image.open(path) as file:
            bands = file.convert(mode).split()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} must be a picture, as the data set's list says, got no file"
        ) from None
    except (*BROKEN, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} must be a whole picture, got: {error}") from None

    return tuple(band.convert("F") for band in bands)


def center_box(width: int, height: int, side: float) -> Box:
    """Return the square in the middle of a picture.

    Args:
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        side: Side of the square in pixels, which need not be whole.

    Example:
        >>> center_box(178, 218, 148.0)
        (15.0, 35.0, 163.0, 183.0)
    """

    left, top = (width - side) / 2, (height - side) / 2

    return left, top, left + side, top + side


def cut(picture: Channels, box: Box, size: int) -> Square:
    """Cut a square out of a picture and resize it, antialiased.

    A larger square of the same scale has the same pixels in its middle, since pixels
    outside the square count where the filter reaches beyond its edge.

    Args:
        picture: The channels of a picture.
        box: The square, which lies within the picture.
        size: Side of the result in pixels.

    Example:
        >>> cut((Image.new("F", (6, 8), 51),), (0.0, 1.0, 6.0, 7.0), 2).tolist()
        [[[51, 51], [51, 51]]]
    """

    shape, bicubic = (size, size), Image.Resampling.BICUBIC
    levels = [np.asarray(each.resize(shape, bicubic, box=box)) for each in picture]

    return np.stack(levels).round().clip(0, 255).astype(np.uint8)


def read_square(path: Path, size: int) -> Square:
    """Read the square in the middle of a gray picture, as high or wide as that.

    Args:
        path: A picture file.
        size: Side of the result in pixels.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a whole picture.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "gray.png")
        ...     Image.new("L", (3, 2)).save(path)
        ...     read_square(path, size=4).shape
        (1, 4, 4)
    """

    picture = open_picture(path, "L")
    width, height = picture[0].size

    return cut(picture, center_box(width, height, float(min(width, height))), size)


def stack(squares: Iterable[Square], count: int, shape: tuple[int, ...]) -> Pixels:
    """Collect squares as they are read.

    Args:
        squares: As many as `count`.
        count: Number of squares.
        shape: Channels, height and width of each.

    Example:
        >>> black = np.zeros((1, 2, 2), np.uint8)
        >>> stack((black for _ in range(3)), 3, (1, 2, 2)).shape
        torch.Size([3, 1, 2, 2])
    """

    kind = np.dtype((np.uint8, shape))

    return torch.from_numpy(np.fromiter(squares, kind, count))
