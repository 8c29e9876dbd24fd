"""Data space itself: a search there yields adversarial examples."""

import math
from dataclasses import dataclass

from diffeo.shapes import Data, Latent

__all__ = ["Identity"]


@dataclass(frozen=True)
class Identity:
    """The data as their own coordinates, made vectors.

    Args:
        shape: Shape of one datum.

    Example:
        >>> import torch
        >>> Identity((1, 2, 2)).encode(torch.zeros(3, 1, 2, 2)).shape
        torch.Size([3, 4])
    """

    shape: tuple[int, ...]

    def encode(self, x: Data) -> Latent:
        """Return the data as vectors."""

        return x.flatten(1)

    def decode(self, z: Latent) -> Data:
        """Return the vectors as data."""

        if z.shape[1] != math.prod(self.shape):
            raise ValueError(
                f"coordinates must be (batch, {math.prod(self.shape)}), got "
                f"{tuple(z.shape)}"
            )

        return z.reshape(len(z), *self.shape)

    def is_exact(self) -> bool:
        """Return True: the vectors are the data."""

        return True
