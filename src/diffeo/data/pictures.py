"""Picture files as arrays: upright, on white, with all their gray levels."""

import struct
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from diffeo.data.levels import to_unit_range

__all__ = ["PICTURES", "Picture", "read_picture"]

Picture = npt.NDArray[np.float32]  # (channels, height, width)

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
MAYBE_GRAY = {"1", "L", "LA", "P", "PA"}  # Pillow's modes of at most 8 bits a pixel
DEEP = {"I", "F", "I;16", "I;16L", "I;16B", "I;16N"}  # and of gray levels of more
BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error)


def read_picture(path: Path) -> Picture:
    """Read a picture file as it is shown: upright, and on white where transparent.

    Gray levels of 16 bits are kept, and so are floats in [0, 1]. Colors are read with 8
    bits a channel. A palette of grays gives a gray picture. Of several frames the first
    is read.

    Args:
        path: A file whose name ends in one of `PICTURES`.

    Returns:
        Values in [0, 1] of shape (channels, height, width), with 1 or 3 channels.

    Raises:
        ValueError: If the file is not a whole picture, or holds floats or 32-bit
            integers outside [0, 1].

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "dark.png")
        ...     Image.new("L", (3, 2), 51).save(path)
        ...     read_picture(path)[0, 0]
        array([0.2, 0.2, 0.2], dtype=float32)
    """

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as file:
            upright = ImageOps.exif_transpose(file)
            deep = upright.mode in DEEP
            values = np.asarray(upright)[None] if deep else _on_white(upright)
    except (*BROKEN, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} must be a whole picture, got: {error}") from None

    return to_unit_range(values, str(path))


def _on_white(picture: Image.Image) -> Picture:
    """Return a picture of 8-bit levels as (channels, height, width), without alpha."""

    levels = np.asarray(picture.convert("RGBA"), np.float32) / np.float32(255)
    colors, alpha = np.split(np.moveaxis(levels, -1, 0), [3])

    if picture.mode in MAYBE_GRAY and (colors == colors[0]).all():
        colors = colors[:1]

    on_white: Picture = alpha * colors + (1 - alpha)

    return on_white
