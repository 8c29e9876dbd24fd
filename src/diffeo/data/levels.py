"""Gray levels of any data type as floats in [0, 1]."""

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import UInt8
from torch import Tensor

from diffeo.shapes import Images

__all__ = ["Pixels", "to_8_bits", "to_bytes", "to_unit_range"]

Pixels = UInt8[Tensor, "batch channels height width"]
ROUNDING = 1e-4  # how far outside [0, 1] floats may lie, to be clamped


def to_unit_range(
    values: npt.NDArray[np.generic], source: str
) -> npt.NDArray[np.float32]:
    """Return gray levels in [0, 1].

    Unsigned integers of 8 and 16 bits are divided by the greatest, 255 or 65535. All
    other numbers must lie in [0, 1] already; what leaves it by rounding is clamped.

    Args:
        values: Gray levels, at least one.
        source: What errors call them, such as a file's name.

    Raises:
        ValueError: If they are no numbers, not finite, or outside [0, 1].

    Example:
        >>> to_unit_range(np.array([0, 51, 255], np.uint8), "x.png")
        array([0. , 0.2, 1. ], dtype=float32)
    """

    kind, greatest = values.dtype.kind, 256**values.dtype.itemsize - 1

    if kind == "u" and greatest <= 65535:
        return values.astype(np.float32) / np.float32(greatest)

    if kind not in "biuf":
        raise ValueError(f"{source} must hold numbers, got {values.dtype}")

    low, high = float(values.min()), float(values.max())

    if not np.isfinite([low, high]).all():
        raise ValueError(f"{source} must hold finite values, got NaN or infinity")

    if low < -ROUNDING or high > 1 + ROUNDING:
        raise ValueError(
            f"{source} must hold 8-bit or 16-bit unsigned integers or values in "
            f"[0, 1], got {values.dtype} from {low:.9g} to {high:.9g}: rescale by "
            "(x - lowest) / (highest - lowest), with the bounds of all your data"
        )

    return values.astype(np.float32).clip(0, 1)


def to_8_bits(x: Tensor) -> Tensor:
    """Round images in [0, 1] to the 256 levels that an 8-bit file can hold.

    Example:
        >>> import torch
        >>> to_8_bits(torch.tensor([0.5, 1.2]))
        tensor([0.5020, 1.0000])
    """

    return (x.clamp(0, 1) * 255).round() / 255


def to_bytes(images: Images) -> Pixels:
    """Return images in [0, 1] as 8-bit images.

    Example:
        >>> import torch
        >>> to_bytes(torch.tensor([[[[0.0, 0.5, 1.0]]]]))
        tensor([[[[  0, 128, 255]]]], dtype=torch.uint8)
    """

    return (images.clamp(0, 1) * 255).round().to(torch.uint8)
