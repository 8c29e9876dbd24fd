"""Many rows, some at a time."""

from collections.abc import Iterator

from torch import Tensor

__all__ = ["batches_of", "slices"]


def slices(rows: int, size: int) -> list[slice]:
    """Return slices that cover all rows, the last perhaps short.

    Args:
        rows: How many there are.
        size: How many to take at a time.
    """

    return [slice(at, at + size) for at in range(0, rows, size)]


def batches_of(x: Tensor, size: int = 500) -> Iterator[Tensor]:
    """Yield a tensor some rows at a time."""

    for rows in slices(len(x), size):
        yield x[rows]
