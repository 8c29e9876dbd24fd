"""What every set of coordinates offers."""

from typing import Protocol, runtime_checkable

import torch

from diffeo.shapes import Data, Flags, Latent

__all__ = ["Coordinates", "Preparable", "Typicality"]


@runtime_checkable
class Coordinates(Protocol):
    """Where a search moves."""

    def encode(self, x: Data) -> Latent:
        """Return the coordinates of data."""

    def decode(self, z: Latent) -> Data:
        """Return the data at coordinates, differentiable in them."""


@runtime_checkable
class Preparable(Protocol):
    """Coordinates that know a faster form of themselves for one search."""

    def prepared(self, precision: torch.dtype | None) -> Coordinates:
        """Return coordinates that decode alike and faster, their parameters detached.

        Args:
            precision: Of the heavy arithmetic; None for that of the parameters, with
                which both decode the same up to rounding.
        """


@runtime_checkable
class Typicality(Protocol):
    """Coordinates that know which data they were made for."""

    def is_typical(self, x: Data) -> Flags:
        """Return whether each row looks like the data that the coordinates know."""
