"""Coordinates whose data stay between two values."""

from dataclasses import dataclass

from diffeo.coordinates.protocol import decode_with, is_exact, start_memory
from diffeo.coordinates.wrapping import Wrapping
from diffeo.shapes import Data, Latent, Memory

__all__ = ["Bounded"]


@dataclass(frozen=True, eq=False)
class Bounded(Wrapping):
    """Clamp decoded data, with the gradient passed straight through.

    What the model judges and what is returned are then one image. Geometry and
    likelihoods want the coordinates inside.

    Source: Bengio, Léonard and Courville, 2013, Estimating or propagating gradients
    through stochastic neurons, for the straight-through gradient.

    Args:
        coordinates: The coordinates inside.
        low: Least value of the data.
        high: Greatest value of the data.

    Example:
        >>> import torch
        >>> from diffeo import Identity
        >>> Bounded(Identity((2,))).decode(torch.tensor([[0.5, 1.5]]))
        tensor([[0.5000, 1.0000]])
    """

    low: float = 0.0
    high: float = 1.0

    def decode(self, z: Latent) -> Data:
        """Return the clamped data."""

        return self._clamped(self.coordinates.decode(z))

    def start(self, x: Data, z: Latent) -> Memory:
        """Return what the coordinates inside remember of each row."""

        return start_memory(self.coordinates, x, z)

    def decode_with(self, z: Latent, memory: Memory) -> Data:
        """Return the clamped data of each row."""

        return self._clamped(decode_with(self.coordinates, z, memory))

    def is_exact(self) -> bool:
        """Return whether data within the bounds are decoded from their encoding."""

        return is_exact(self.coordinates)

    def _clamped(self, x: Data) -> Data:
        return x.clamp(self.low, self.high).detach() + (x - x.detach())
