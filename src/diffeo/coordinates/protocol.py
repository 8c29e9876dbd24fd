"""What every set of coordinates offers."""

from typing import Protocol, runtime_checkable

import torch

from diffeo.shapes import Data, Flags, Latent

__all__ = ["Coordinates", "Foldable", "Typicality"]


@runtime_checkable
class Coordinates(Protocol):
    """Where a search moves."""

    def encode(self, x: Data) -> Latent:
        """Return the coordinates of data."""

    def decode(self, z: Latent) -> Data:
        """Return the data at coordinates, differentiable in them."""


@runtime_checkable
class Typicality(Protocol):
    """Coordinates that know which data they were made for."""

    def is_typical(self, x: Data) -> Flags:
        """Return whether each row looks like the data that the coordinates know."""


@runtime_checkable
class Foldable(Protocol):
    """Coordinates that can be made ready to decode often."""

    def folded(self, dtype: torch.dtype | None = None) -> Coordinates:
        """Return coordinates that decode the same data faster.

        Args:
            dtype: Precision of what may be rough, if not the coordinates' own.
        """
