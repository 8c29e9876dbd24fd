"""Images as files: what is drawn is what was judged."""

import base64
import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

__all__ = ["data_uri", "drawable", "read_png", "to_8_bits", "write_png"]


def to_8_bits(x: Tensor) -> Tensor:
    """Round images in [0, 1] to the 256 levels that an 8-bit file can hold."""

    return (x.clamp(0, 1) * 255).round() / 255


def write_png(image: Tensor, path: Path) -> None:
    """Write one image of one or three channels in [0, 1] as an 8-bit file."""

    path.write_bytes(_encode(image))


def read_png(path: Path) -> Tensor:
    """Read one image as (channels, height, width) in [0, 1]."""

    with Image.open(path) as file:
        pixels = np.asarray(file, dtype=np.float32) / 255

    return torch.from_numpy(np.atleast_3d(pixels)).movedim(-1, 0)


def data_uri(image: Tensor) -> str:
    """Return one image as text that a page can hold."""

    return f"data:image/png;base64,{base64.b64encode(_encode(image)).decode()}"


def drawable(x: Tensor) -> bool:
    """Return whether data are images: a batch of one or three channels."""

    return x.ndim == 4 and x.shape[1] in (1, 3)


def _encode(image: Tensor) -> bytes:
    pixels = (to_8_bits(image) * 255).to(torch.uint8).movedim(0, -1).cpu().numpy()
    gray = pixels.shape[-1] == 1
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if gray else pixels).save(buffer, "PNG")

    return buffer.getvalue()
