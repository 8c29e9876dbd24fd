"""The middle of a picture, at another size."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from diffeo.data.pictures import Picture

__all__ = ["CenterSquare"]


@dataclass(frozen=True)
class CenterSquare:
    """Cut a square out of the middle of a picture and resize it, antialiased.

    Without arguments pictures stay as they are.

    Args:
        crop: Side of the square that is cut out, in pixels. If not given, the picture's
            shorter side, and nothing is cut unless `resize` is given.
        resize: Side of the result, in pixels; that of the square if not given.

    Raises:
        ValueError: If a side is not positive.

    Example:
        >>> wide = np.zeros((1, 6, 8), np.float32)
        >>> CenterSquare(resize=3)(wide, "wide.png").shape
        (1, 3, 3)
    """

    crop: int | None = None
    resize: int | None = None

    def __post_init__(self) -> None:
        for name, side in (("crop", self.crop), ("resize", self.resize)):
            if side is not None and side < 1:
                raise ValueError(f"{name} must be at least 1 pixel, got {side}")

    def __call__(self, picture: Picture, source: str) -> Picture:
        """Return the square.

        Args:
            picture: Values in [0, 1] of shape (channels, height, width).
            source: What errors call it, such as a file's name.

        Raises:
            ValueError: If the picture is smaller than `crop`.
        """

        if self.crop is None and self.resize is None:
            return picture

        _, height, width = picture.shape
        shorter = min(height, width)
        side = self.crop or shorter

        if side > shorter:
            raise ValueError(
                f"crop must be at most the shorter side of {source}, {shorter} pixels, "
                f"got {side}"
            )

        top, left = (height - side) // 2, (width - side) // 2
        square = picture[:, top : top + side, left : left + side]

        return _resize(square, self.resize or side)


def _resize(square: Picture, side: int) -> Picture:
    if side == square.shape[1]:
        return square

    channels = [
        Image.fromarray(channel).resize((side, side), Image.Resampling.BICUBIC)
        for channel in square
    ]

    return np.stack([np.asarray(channel) for channel in channels]).clip(0, 1)
