"""A bound on what is allocated, for building what a file asks for."""

import math
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["ElementBudget"]


class ElementBudget(TorchDispatchMode):
    """Refuse new tensors, before they are allocated, once they sum to too much.

    Args:
        elements: Numbers that all new tensors together may hold.

    Example:
        >>> import torch
        >>> with ElementBudget(100):
        ...     x = torch.zeros(10, 10)
        ...     y = torch.zeros(1)
        Traceback (most recent call last):
        ValueError: new tensors must hold at most 100 numbers, got 101
    """

    def __init__(self, elements: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.elements = elements
        self.used = 0

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401
        types: Any,  # noqa: ANN401
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        self.used += _size(args)

        if self.used > self.elements:
            raise ValueError(
                f"new tensors must hold at most {self.elements} numbers, got "
                f"{self.used}"
            )

        return func(*args, **(kwargs or {}))


def _size(args: tuple[Any, ...]) -> int:
    """Return the elements of the new tensor, of operations that begin with its size."""

    match args:
        case (int(length), *_):
            return abs(length)
        case ([*sides], *_) if all(isinstance(side, int) for side in sides):
            return math.prod(sides)
        case _:
            return 0
