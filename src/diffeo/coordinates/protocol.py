"""What every set of coordinates offers."""

from typing import Protocol, runtime_checkable

import torch

from diffeo.shapes import Data, Flags, Latent

__all__ = ["Coordinates", "Foldable", "KnowsTypical", "Reversible", "is_typical"]


@runtime_checkable
class Coordinates(Protocol):
    """Where a search moves."""

    def encode(self, x: Data) -> Latent:
        """Return the coordinates of data."""

    def decode(self, z: Latent) -> Data:
        """Return the data at coordinates, differentiable in them."""


@runtime_checkable
class Foldable(Protocol):
    """Coordinates that know a faster form of themselves for one search."""

    def folded(self, dtype: torch.dtype | None = None) -> Coordinates:
        """Return coordinates that decode alike and faster, their parameters detached.

        Args:
            dtype: Precision of the heavy arithmetic; that of the parameters if not
                given, with which both decode the same up to rounding.
        """


@runtime_checkable
class Reversible(Protocol):
    """Coordinates that know a form of themselves with a reversible backward pass."""

    def reversible(self) -> Coordinates:
        """Return coordinates that decode alike and keep least for the gradient.

        The backward pass finds again what decoding passed through. Coordinates around
        others that have no such form return themselves.
        """


@runtime_checkable
class KnowsTypical(Protocol):
    """Coordinates that know which data they were made for."""

    def is_typical(self, x: Data) -> Flags | None:
        """Return whether each row is typical of the data that the coordinates know.

        Returns:
            None if they do not know.
        """


def is_typical(coordinates: Coordinates, x: Data) -> Flags | None:
    """Return whether each row is typical of what some coordinates know, if they do.

    Args:
        coordinates: Any coordinates.
        x: The data.

    Example:
        >>> from diffeo import Identity
        >>> import torch
        >>> is_typical(Identity((2,)), torch.zeros(3, 2)) is None
        True
    """

    return coordinates.is_typical(x) if isinstance(coordinates, KnowsTypical) else None
