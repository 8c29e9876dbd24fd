"""Images whose sides can be halved."""

import math
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["check_sides", "levels_that_fit"]

T = TypeVar("T")
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


def levels_that_fit(levels: Sequence[T], sides: Sequence[int]) -> list[T]:
    """Return the finest levels of a model, as many as images can be halved to.

    Args:
        levels: All of them, finest first; each halves both sides.
        sides: Height and width in pixels, of which four are left at least.

    Returns:
        Those levels, at least one.

    Example:
        >>> levels_that_fit((32, 64, 96), (28, 28)), levels_that_fit((32, 64), (2, 2))
        ([32, 64], [32])
    """

    common, least = math.gcd(*sides), min(sides)
    halvings = sum(
        common % 2**count == 0 and least >= COARSEST * 2**count
        for count in range(1, 1 + len(levels))
    )

    return list(levels[: max(1, halvings)])
