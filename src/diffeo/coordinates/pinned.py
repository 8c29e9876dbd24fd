"""Coordinates of which the first few stay where they are."""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.coordinates.protocol import decode_with
from diffeo.coordinates.wrapping import Remembering
from diffeo.shapes import Data, Latent, Memory

__all__ = ["Pinned"]


@dataclass(frozen=True, eq=False)
class Pinned(Remembering):
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

    def _keep(self, x: Data, z: Latent, memory: Memory) -> Tensor:  # noqa: ARG002
        return z[:, : self.count]

    def _decode(self, z: Latent, kept: Tensor, memory: Memory) -> Data:
        pinned = torch.cat((kept, z[:, self.count :]), dim=1)

        return decode_with(self.coordinates, pinned, memory)
