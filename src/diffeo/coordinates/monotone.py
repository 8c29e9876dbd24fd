"""Coordinates in which some features only rise and others only fall."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from diffeo.coordinates.protocol import decode_with
from diffeo.coordinates.wrapping import Remembering
from diffeo.shapes import Data, Latent, Memory

__all__ = ["Monotone"]


@dataclass(frozen=True, eq=False)
class Monotone(Remembering):
    """Clamp decoded data at the row's own, with the gradient passed straight through.

    Args:
        coordinates: The coordinates inside.
        up: Flags of the features that must not fall below the row's own, of the shape
            of one datum.
        down: Flags of those that must not rise above it.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> rises = torch.tensor([False, True])
        >>> place = Monotone(Identity((2,)), up=rises, down=~rises)
        >>> x, goal = torch.tensor([[1.0, 1.0]]), AtLeast(4.0)
        >>> search(x, lambda x: x.sum(1), goal, place).counterfactual[:, 0]
        tensor([1.])
    """

    up: Tensor = field(repr=False)
    down: Tensor = field(repr=False)

    def _keep(self, x: Data, z: Latent, memory: Memory) -> Data:  # noqa: ARG002
        return x

    def _decode(self, z: Latent, kept: Data, memory: Memory) -> Data:
        decoded = decode_with(self.coordinates, z, memory)
        low = kept.where(self.up, -torch.inf)
        high = kept.where(self.down, torch.inf)

        return decoded.clamp(low, high).detach() + (decoded - decoded.detach())
