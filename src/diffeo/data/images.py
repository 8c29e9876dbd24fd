"""Images from files: a folder of pictures, one picture, an IDX file, or an array."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from diffeo.data.idx import is_idx, read_idx
from diffeo.data.levels import to_unit_range
from diffeo.data.picture_folder import pictures_in
from diffeo.data.pictures import PICTURES, read_picture
from diffeo.data.square import center_square
from diffeo.shapes import Images

__all__ = ["ImageFiles", "read_images", "read_pictures"]


class ImageFiles(NamedTuple):
    """Images and the names of their files.

    Args:
        images: Images of one size, in [0, 1].
        names: The name of each image's file, within the folder that was read; empty if
            the images came out of one file.

    Example:
        >>> images, names = ImageFiles(torch.zeros(1, 1, 8, 8), ("seven.png",))
        >>> names
        ('seven.png',)
    """

    images: Images
    names: tuple[str, ...]


def read_images(
    path: str | Path, *, crop: int | None = None, resize: int | None = None
) -> ImageFiles:
    """Read images of one size.

    Args:
        path: A folder of pictures, perhaps with a labels.csv, or of one folder of
            pictures for each class, taken in the order of their names, without hidden
            files; one picture; an IDX file, plain or gzipped; or a NumPy file of shape
            (batch, height, width) or (batch, channels, height, width), with unsigned
            integers of 8 or 16 bits or values in [0, 1].
        crop: Side in pixels of the square that is cut out of the middle of each image;
            if not given, nothing is cut, or what is not square to resize it.
        resize: Side in pixels to which each square is resized, antialiased.

    Raises:
        FileNotFoundError: If there is nothing at the path.
        ValueError: If a file cannot be read, images differ in size, or `crop` or
            `resize` do not fit.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> with TemporaryDirectory() as folder:
        ...     Image.new("RGB", (178, 218)).save(f"{folder}/face.png")
        ...     images, names = read_images(folder, crop=148, resize=64)
        >>> images.shape, names
        (torch.Size([1, 3, 64, 64]), ('face.png',))
    """

    path = Path(path)

    if not path.exists():
        raise FileNotFoundError(f"data must be a file or folder, got {path}")

    if path.is_dir():
        return read_pictures(list(pictures_in(path).files), path, crop, resize)

    if path.suffix.lower() in PICTURES:
        return read_pictures([path], path.parent, crop, resize)

    return ImageFiles(center_square(_read_array(path), path, crop, resize), ())


def read_pictures(
    files: Sequence[Path], folder: Path, crop: int | None, resize: int | None
) -> ImageFiles:
    """Read picture files of one size.

    Args:
        files: At least one.
        folder: Above all of them; names are relative to it.
        crop: As for `read_images`.
        resize: As for `read_images`.

    Raises:
        ValueError: If a file cannot be read or differs from the first in size.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "gray.png")
        ...     Image.new("L", (8, 6)).save(file)
        ...     read_pictures([file], file.parent, None, None).images.shape
        torch.Size([1, 1, 6, 8])
    """

    def read(file: Path) -> Tensor:
        picture = torch.from_numpy(read_picture(file))[None]

        return center_square(picture, file, crop, resize)

    first = read(files[0])
    images = first.repeat(len(files), 1, 1, 1)

    for row, file in enumerate(files[1:], 1):
        picture = read(file)

        if picture.shape != first.shape:
            raise ValueError(
                "pictures must be of one size and all gray or all in color, got "
                f"{files[0]} of {_size(first)} and {file} of {_size(picture)}"
            )

        images[row] = picture[0]

    return ImageFiles(
        images, tuple(file.relative_to(folder).as_posix() for file in files)
    )


def _size(picture: Tensor) -> str:
    _, channels, height, width = picture.shape

    return f"{width}×{height} pixels in {'gray' if channels == 1 else 'color'}"


def _read_array(path: Path) -> Images:
    if path.suffix.lower() == ".npy":
        try:
            values = np.asarray(np.load(path, allow_pickle=False))
        except Exception as error:  # noqa: BLE001 - NumPy raises many for broken files
            raise ValueError(f"{path} must be a NumPy array, got: {error}") from None
    elif is_idx(path):
        values = read_idx(path)
    else:
        raise ValueError(
            f"{path} must be a picture ({', '.join(PICTURES)}), a NumPy array (.npy) "
            "or an IDX file of bytes, plain or gzipped, got none of these"
        )

    shape = values.shape

    if len(shape) not in (3, 4) or 0 in shape:
        raise ValueError(
            f"{path} must hold images of shape (batch, height, width) or (batch, "
            f"channels, height, width), none of them 0, got {shape}"
        )

    if len(shape) == 4 and shape[3] in (1, 3, 4) and shape[1] > 4:
        raise ValueError(
            f"{path} must hold images of shape (batch, channels, height, width), got "
            f"{shape}: move the channels with numpy.moveaxis(images, -1, 1)"
        )

    images = torch.from_numpy(to_unit_range(values, str(path)))

    return images if images.ndim == 4 else images[:, None]
