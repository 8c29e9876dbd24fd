"""Many rows, some at a time."""

import gc
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
from torch import Tensor

from diffeo.memory import is_out_of_memory

__all__ = ["backing_off", "in_batches", "slices"]

T = TypeVar("T")


def slices(rows: int, size: int) -> list[slice]:
    """Return slices that cover all rows, the last perhaps short.

    Args:
        rows: How many rows there are.
        size: How many rows to take at a time.

    Example:
        >>> slices(5, 3)
        [slice(0, 3, None), slice(3, 6, None)]
    """

    return [slice(at, at + size) for at in range(0, rows, size)]


def in_batches(
    function: Callable[[Tensor], Tensor], x: Tensor, size: int = 500
) -> Tensor:
    """Return what a function returns for all rows, asked for some at a time.

    Args:
        function: From rows to as many rows.
        x: The rows, at least one.
        size: How many rows to take at a time.

    Example:
        >>> in_batches(lambda rows: rows + len(rows), torch.zeros(5), 3)
        tensor([3., 3., 3., 2., 2.])
    """

    return torch.cat([function(rows) for rows in x.split(size)])


def backing_off(work: Callable[[slice], T], rows: int, size: int) -> Iterator[T]:
    """Work through all rows, half as many at a time whenever memory runs out.

    Args:
        work: What to do with some rows.
        rows: How many rows there are.
        size: How many rows to take at a time, at first.

    Yields:
        What the work returned, in the order of the rows.

    Raises:
        MemoryError: If memory runs out at a single row; or what torch raises then.

    Example:
        >>> list(backing_off(lambda rows: (rows.start, rows.stop), 5, 3))
        [(0, 3), (3, 5)]
    """

    at = 0

    while at < rows:
        index = slice(at, min(at + size, rows))

        try:
            yield work(index)
        except (MemoryError, RuntimeError) as error:
            if index.stop - at == 1 or not is_out_of_memory(error):
                raise

            size = (index.stop - at) // 2
            gc.collect()
        else:
            at = index.stop
