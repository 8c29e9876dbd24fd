"""Coordinates in which some features only rise and others only fall."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from diffeo.coordinates.protocol import decode_with
from diffeo.coordinates.wrapping import Remembering
from diffeo.shapes import Data, Latent, Memory

__all__ = ["Monotone", "clamped"]


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
        within = clamped(decoded.detach(), kept, self.up, self.down)

        return within + (decoded - decoded.detach())


def clamped(decoded: Data, kept: Data, up: Tensor, down: Tensor) -> Data:
    """Return data of which some features do not fall below the rows' own, or rise.

    Args:
        decoded: The data.
        kept: The rows' own.
        up: Flags of the features that must not fall.
        down: Flags of those that must not rise.

    Example:
        >>> up, down = torch.tensor([True, False]), torch.tensor([False, True])
        >>> clamped(torch.tensor([[0.0, 2.0]]), torch.ones(1, 2), up, down)
        tensor([[1., 1.]])
    """

    return decoded.clamp(kept.where(up, -torch.inf), kept.where(down, torch.inf))
