"""Images whose sides can be halved."""

import math
from collections.abc import Sequence

__all__ = ["check_sides", "halvings"]

COARSEST = 4  # pixels a side that are left, at least


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


def halvings(sides: Sequence[int], most: int) -> int:
    """Return how often both sides can be halved until one has four pixels.

    Args:
        sides: Height and width in pixels.
        most: How often at most.

    Example:
        >>> halvings((28, 28), most=4), halvings((64, 64), most=4)
        (2, 4)
    """

    common, least = math.gcd(*sides), min(sides)

    return sum(
        common % 2**count == 0 and least >= COARSEST * 2**count
        for count in range(1, 1 + most)
    )
