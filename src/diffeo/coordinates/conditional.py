"""Coordinates in which all features go along with the first, which have limits."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from diffeo.coordinates.monotone import clamped
from diffeo.coordinates.protocol import decode_with
from diffeo.coordinates.wrapping import Remembering
from diffeo.shapes import Data, Latent, Memory

__all__ = ["Conditional"]


@dataclass(frozen=True, eq=False)
class Conditional(Remembering):
    """Decode all other features given the first, which stay within limits of the row.

    Where the first features would leave their limits, the first coordinates become
    those of the features at the limits, as far as these features alone decide them, as
    in a flow that is triangular. All others are decoded anew from the coordinates that
    they have, and so move within the density that the flow has given the first. The
    gradient of a coordinate that is held so is 0.

    Args:
        coordinates: The coordinates inside.
        up: Flags of the features that must not fall below the row's own, of the shape
            of one datum.
        down: Flags of those that must not rise above it.
        order: Which feature, of those of a datum in a row, each of the first
            coordinates is of.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> first, order = torch.tensor([True, False]), torch.tensor([0])
        >>> place = Conditional(Identity((2,)), up=~first, down=first, order=order)
        >>> x, goal = torch.tensor([[1.0, 1.0]]), AtLeast(4.0)
        >>> search(x, lambda x: x.sum(1), goal, place).counterfactual[:, 0]
        tensor([1.])
    """

    up: Tensor = field(repr=False)
    down: Tensor = field(repr=False)
    order: Tensor = field(repr=False)

    def _keep(self, x: Data, z: Latent, memory: Memory) -> Data:  # noqa: ARG002
        return x

    def _decode(self, z: Latent, kept: Data, memory: Memory) -> Data:
        free = decode_with(self.coordinates, z, memory)
        within = clamped(free.detach(), kept, self.up, self.down)
        beyond = (within != free).flatten(1)[:, self.order]

        if not beyond.any():
            return free

        own, others = z.tensor_split([len(self.order)], dim=1)

        with torch.no_grad():
            there = self.coordinates.encode(within)[:, : len(self.order)]

        held = torch.where(beyond, there, own + (there - own).detach())
        first = torch.where(beyond.any(1, keepdim=True), held, own)

        return decode_with(self.coordinates, torch.cat((first, others), dim=1), memory)
