"""First weights that depend on a seed, with the global generator left alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["seeded"]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from a generator of this seed inside the block; restore the old one after.

    Args:
        seed: Seed of the global generator inside the block.

    Example:
        >>> with seeded(0):
        ...     one = torch.rand(3)
        >>> with seeded(0):
        ...     same = torch.rand(3)
        >>> torch.equal(one, same)
        True
    """

    with torch.random.fork_rng(devices=[]):
        if torch.accelerator.is_available():
            torch.manual_seed(seed)
        else:  # that would put off seeds, with tracebacks, for devices that never come
            torch.default_generator.manual_seed(seed)

        yield
