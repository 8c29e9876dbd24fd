"""The middle of images, at another size."""

from pathlib import Path

from torch import Tensor
from torch.nn import functional

from diffeo.shapes import Images

__all__ = ["center_square"]

MOST = 16_384  # pixels a side


def center_square(
    images: Images, source: Path, crop: int | None = None, resize: int | None = None
) -> Tensor:
    """Cut a square out of the middle of images and resize it, antialiased.

    Args:
        images: Images in [0, 1]; they stay as they are if neither side is given.
        source: Where they come from, for errors.
        crop: Side of the square that is cut out, in pixels; the images' shorter side if
            not given.
        resize: Side of the result, in pixels; that of the square if not given.

    Raises:
        ValueError: If a side is not positive or beyond 16,384, or an image is smaller
            than `crop`.

    Example:
        >>> import torch
        >>> center_square(torch.zeros(1, 1, 6, 8), Path("wide.png"), resize=3).shape
        torch.Size([1, 1, 3, 3])
    """

    for name, wanted in (("crop", crop), ("resize", resize)):
        if wanted is not None and wanted < 1:
            raise ValueError(f"{name} must be at least 1 pixel, got {wanted}")

        if wanted is not None and wanted > MOST:
            raise ValueError(f"{name} must be at most {MOST} pixels, got {wanted}")

    if crop is None and resize is None:
        return images

    height, width = images.shape[2:]
    shorter = min(height, width)
    side = crop or shorter

    if side > shorter:
        raise ValueError(
            f"crop must be at most the shorter side of {source}, {shorter} pixels, got "
            f"{side}"
        )

    top, left = (height - side) // 2, (width - side) // 2
    square = images[..., top : top + side, left : left + side]

    if resize in (None, side):
        return square

    resized = functional.interpolate(square, resize, mode="bicubic", antialias=True)

    return resized.clamp(0, 1)
