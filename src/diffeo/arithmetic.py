"""Count the arithmetic in some work."""

from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

__all__ = ["multiply_adds"]


def multiply_adds(work: Callable[[], object]) -> float:
    """Return the multiply-adds of the convolutions and matrix products in some work.

    Args:
        work: It is done once, without gradients.

    Example:
        >>> multiply_adds(lambda: torch.zeros(2, 3) @ torch.zeros(3, 5))
        30.0
    """

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work()

    operations: int = counter.get_total_flops()

    return operations / 2
