"""Many rows, some at a time."""

import gc
from collections.abc import Callable, Iterator
from typing import TypeVar

from torch import Tensor

from diffeo.memory import is_out_of_memory

__all__ = ["backing_off", "batches_of", "slices"]

T = TypeVar("T")


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


def backing_off(
    work: Callable[[slice], T], rows: int, size: int
) -> tuple[list[T], int]:
    """Work through all rows, half as many at a time whenever memory runs out.

    Args:
        work: What to do with some rows.
        rows: How many there are.
        size: How many to take at a time, at first.

    Returns:
        What the work returned, in the order of the rows, and the last size.

    Raises:
        MemoryError: If memory runs out at a single row; or what torch raises then.
    """

    results: list[T] = []
    at = 0

    while at < rows:
        done = _attempt(work, slice(at, min(at + size, rows)))

        if done is None:
            size = min(size, rows - at) // 2
            gc.collect()
            continue

        results.append(done)
        at += size

    return results, size


def _attempt(work: Callable[[slice], T], rows: slice) -> T | None:
    """Return what the work returns, or nothing if it needs too much memory."""

    try:
        return work(rows)
    except (MemoryError, RuntimeError) as error:
        if rows.stop - rows.start == 1 or not is_out_of_memory(error):
            raise

        return None
