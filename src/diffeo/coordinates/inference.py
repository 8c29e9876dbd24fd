"""Coordinates made ready for one search."""

from dataclasses import dataclass

import torch
from torch import nn

from diffeo.coordinates.protocol import Coordinates, Foldable, Reversible
from diffeo.memory import keep_freed
from diffeo.shapes import Data, Latent, Model
from diffeo.without_grad import without_grad

__all__ = ["Frozen", "prepare", "reversible"]


@dataclass(frozen=True, eq=False)
class Frozen:
    """Coordinates whose parameters need no gradient.

    Args:
        coordinates: Which encode.
        decoding: From latent to data, as those do.
    """

    coordinates: Coordinates
    decoding: Model

    def encode(self, x: Data) -> Latent:
        """Return the coordinates of data."""

        return self.coordinates.encode(x)

    def decode(self, z: Latent) -> Data:
        """Return the data at coordinates."""

        return self.decoding(z)

    def reversible(self) -> Coordinates:
        """Return the frozen likeness of the reversible form, if there is one."""

        other = reversible(self.coordinates)

        return self if other is self.coordinates else prepare(other)


class _Decoding(nn.Module):
    def __init__(self, coordinates: Coordinates) -> None:
        super().__init__()
        self.coordinates = coordinates

    def forward(self, z: Latent) -> Data:
        return self.coordinates.decode(z)


def prepare(
    coordinates: Coordinates, precision: torch.dtype | None = None
) -> Coordinates:
    """Return the fastest form of coordinates for one search.

    Args:
        coordinates: Those that can be folded are; of others that are modules the
            parameters are without_grad; the rest is returned as it is.
        precision: Of the heavy arithmetic, where coordinates know how to lower it; that
            of their parameters if not given.
    """

    keep_freed()

    if isinstance(coordinates, Foldable):
        return coordinates.folded(precision)

    if isinstance(coordinates, nn.Module):
        return Frozen(coordinates, without_grad(_Decoding(coordinates)))

    return coordinates


def reversible(coordinates: Coordinates) -> Coordinates:
    """Return the form of coordinates that keeps least for the gradient.

    Args:
        coordinates: Those without such a form are returned as they are.
    """

    if isinstance(coordinates, Reversible):
        return coordinates.reversible()

    return coordinates
