"""Coordinates of which the first few stay where they are."""

from dataclasses import dataclass

import torch

from diffeo.coordinates.protocol import decode_with, start_memory
from diffeo.coordinates.wrapping import Wrapping
from diffeo.shapes import Data, Latent, Memory

__all__ = ["Pinned"]


@dataclass(frozen=True, eq=False)
class Pinned(Wrapping):
    """Decode with the first coordinates of each row's own encoding.

    Where these are a function of some features alone, and these of them, as in a flow
    that is triangular, the features stay as they are and all others move within the
    density that the flow has given these.

    Args:
        coordinates: The coordinates inside.
        count: Number of coordinates that stay.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> place = Pinned(Identity((2,)), count=1)
        >>> x, goal = torch.tensor([[1.0, 1.0]]), AtLeast(4.0)
        >>> search(x, lambda x: x.sum(1), goal, place).counterfactual[:, 0]
        tensor([1.])
    """

    count: int = 0

    def decode(self, z: Latent) -> Data:
        """Return what the coordinates inside decode, whose row is not known."""

        return self.coordinates.decode(z)

    def start(self, x: Data, z: Latent) -> Memory:
        """Return the coordinates that stay, then what those inside remember."""

        return z[:, : self.count], *start_memory(self.coordinates, x, z)

    def decode_with(self, z: Latent, memory: Memory) -> Data:
        """Return the data at coordinates of which the first are the row's own."""

        first, *inside = memory
        pinned = torch.cat((first, z[:, self.count :]), dim=1)

        return decode_with(self.coordinates, pinned, tuple(inside))
