"""Images whose sides can be halved."""

from collections.abc import Sequence

__all__ = ["check_sides"]


def check_sides(sides: Sequence[int], divisor: int) -> None:
    """Check that the sides of images can be divided.

    Args:
        sides: Height and width in pixels.
        divisor: What both must be divisible by.

    Raises:
        ValueError: If they are not.

    Example:
        >>> check_sides((28, 28), 8)
        Traceback (most recent call last):
        ValueError: the sides of images must be divisible by 8, got 28×28
    """

    height, width = sides

    if height % divisor or width % divisor:
        raise ValueError(
            f"the sides of images must be divisible by {divisor}, got {height}×{width}"
        )
