"""Coordinates whose data stay between two values."""

from dataclasses import dataclass, replace

import torch

from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import (
    Coordinates,
    decode_with,
    is_exact,
    is_typical,
    start_memory,
)
from diffeo.shapes import Data, Flags, Latent, Memory

__all__ = ["Bounded"]


@dataclass(frozen=True, eq=False)
class Bounded:
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
        >>> from diffeo import Identity
        >>> Bounded(Identity((2,))).decode(torch.tensor([[0.5, 1.5]]))
        tensor([[0.5000, 1.0000]])
    """

    coordinates: Coordinates
    low: float = 0.0
    high: float = 1.0

    def encode(self, x: Data) -> Latent:
        """Return the coordinates of data."""

        return self.coordinates.encode(x)

    def decode(self, z: Latent) -> Data:
        """Return the clamped data."""

        return self._clamped(self.coordinates.decode(z))

    def start(self, x: Data, z: Latent) -> Memory:
        """Return what the coordinates inside remember of each row."""

        return start_memory(self.coordinates, x, z)

    def decode_with(self, z: Latent, memory: Memory) -> Data:
        """Return the clamped data of each row."""

        return self._clamped(decode_with(self.coordinates, z, memory))

    def inference(
        self, *, dtype: torch.dtype | None = None, invertible: bool = False
    ) -> "Bounded | None":
        """Return the same bounds around the inference form of the coordinates inside.

        Args:
            dtype: Precision of the heavy arithmetic, if not that of the parameters.
            invertible: Whether the backward pass keeps only its output.

        Returns:
            None if the coordinates inside have no such form.
        """

        form = inference_form(self.coordinates, dtype=dtype, invertible=invertible)

        return None if form is None else replace(self, coordinates=form)

    def is_typical(self, x: Data) -> Flags | None:
        """Return whether the coordinates inside find data typical, if they know."""

        return is_typical(self.coordinates, x)

    def is_exact(self) -> bool:
        """Return whether data within the bounds are decoded from their encoding."""

        return is_exact(self.coordinates)

    def _clamped(self, x: Data) -> Data:
        return x.clamp(self.low, self.high).detach() + (x - x.detach())
