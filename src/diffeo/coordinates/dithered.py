"""Coordinates of data with the noise that their generator was trained with."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.coordinates.protocol import (
    decode_with,
    is_exact,
    is_typical,
    start_memory,
)
from diffeo.coordinates.wrapping import Wrapping
from diffeo.shapes import Data, Flags, Latent, Memory, Scores

__all__ = ["Dithered"]


@dataclass(frozen=True, eq=False)
class Dithered(Wrapping):
    """Add one noise to all data before they are encoded, and take it off the decoded.

    A generator that was trained on noisy data puts clean ones in the middle of its
    noise, at latents shorter than it ever saw. With the noise n their latents are as
    long as draws, and a search begins where the generator was trained. Encoding is
    g⁻¹(x + n) and decoding g(z) − n: n is the same for every row, so that the
    coordinates are as exact as those inside, and rows stay independent.

    Source: Schuchman, 1964, Dither signals and their effect on quantization noise, for
    a noise that is added before and subtracted after.

    Args:
        coordinates: The coordinates inside, g.
        spread: Standard deviation of the noise, in units of the data.
        seed: Seed of the noise.

    Raises:
        ValueError: If the spread is not a positive number.

    Example:
        >>> from diffeo import Identity
        >>> place, x = Dithered(Identity((2,)), spread=0.1), torch.zeros(3, 2)
        >>> z = place.encode(x)
        >>> bool((z != x).all()), torch.equal(place.decode(z), x)
        (True, True)
    """

    spread: float = 0.015
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.spread > 0 and math.isfinite(self.spread)):
            raise ValueError(f"spread must be a positive number, got {self.spread}")

    def encode(self, x: Data) -> Latent:
        """Return the coordinates of data with the noise."""

        return self.coordinates.encode(x + self._noise(x))

    def decode(self, z: Latent) -> Data:
        """Return the data of coordinates, without the noise."""

        return self._without(self.coordinates.decode(z))

    def start(self, x: Data, z: Latent) -> Memory:
        """Return what the coordinates inside remember of each row with the noise."""

        return start_memory(self.coordinates, x + self._noise(x), z)

    def decode_with(self, z: Latent, memory: Memory) -> Data:
        """Return the data of each row, without the noise."""

        return self._without(decode_with(self.coordinates, z, memory))

    def is_exact(self) -> bool:
        """Return whether the coordinates inside say that they lose nothing."""

        return is_exact(self.coordinates)

    def is_typical(self, x: Data) -> Flags | None:
        """Return whether data with the noise are typical, if those inside know."""

        return is_typical(self.coordinates, x + self._noise(x))

    def density(self) -> Callable[[Data], Scores] | None:
        """Return the log-density of data with the noise, or None if none is known."""

        inside = super().density()

        return inside and (lambda x: inside(x + self._noise(x)))

    def _without(self, x: Data) -> Data:
        return x - self._noise(x)

    def _noise(self, x: Data) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed)
        noise = torch.randn(x.shape[1:], generator=generator)

        return self.spread * noise.to(x)
