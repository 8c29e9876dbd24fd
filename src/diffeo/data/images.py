"""Images from files: a folder of pictures, one picture, an IDX file, or an array."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, UnidentifiedImageError

from diffeo.data.idx import read_idx
from diffeo.shapes import Images

__all__ = ["read_images"]

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")


def read_images(path: Path) -> Images:
    """Read images of one size as a batch in [0, 1].

    Args:
        path: A folder of pictures, taken in the order of their names; one picture; an
            IDX file, plain or gzipped; or a NumPy file of shape (batch, height, width)
            or (batch, channels, height, width), bytes or floats in [0, 1].

    Raises:
        FileNotFoundError: If there is nothing at the path.
        ValueError: If a file cannot be read, or the pictures differ in size.
    """

    if not path.exists():
        raise FileNotFoundError(f"data must be a file or folder, got {path}")

    if path.is_dir():
        return _pictures(
            sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES),
            path,
        )

    if path.suffix.lower() in PICTURES:
        return _pictures([path], path)

    if path.suffix.lower() == ".npy":
        return _array(_load_array(path), path)

    return _array(read_idx(path), path)


def _pictures(files: list[Path], path: Path) -> Images:
    if not files:
        raise ValueError(f"data must hold pictures ({', '.join(PICTURES)}), got {path}")

    pictures = [_picture(file) for file in files]
    sizes = {picture.shape for picture in pictures}

    if len(sizes) > 1:
        raise ValueError(f"pictures must be of one size, got {sorted(sizes)} in {path}")

    return torch.from_numpy(np.stack(pictures)).movedim(-1, 1).float() / 255


def _picture(path: Path) -> npt.NDArray[np.uint8]:
    try:
        with Image.open(path) as file:
            gray = file.mode in {"1", "L", "LA", "I", "I;16", "F"}

            return np.atleast_3d(np.asarray(file.convert("L" if gray else "RGB")))
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"{path} must be a picture, got: {error}") from None


def _load_array(path: Path) -> npt.NDArray[np.generic]:
    try:
        loaded = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} must be a NumPy array, got: {error}") from None

    return np.asarray(loaded)


def _array(values: npt.NDArray[np.generic], path: Path) -> Images:
    if values.ndim not in (3, 4) or values.dtype.kind not in "uf":
        raise ValueError(
            f"{path} must hold bytes or floats of shape (batch, height, width) or "
            f"(batch, channels, height, width), got {values.dtype} of {values.shape}"
        )

    images = torch.from_numpy(values.astype(np.float32))
    images = images if values.dtype.kind == "f" else images / 255

    return images if images.ndim == 4 else images[:, None]
