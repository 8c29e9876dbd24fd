"""What every set of coordinates offers."""

from typing import Protocol, runtime_checkable

import torch

from diffeo.shapes import Data, Flags, Latent

__all__ = [
    "Accelerated",
    "Coordinates",
    "Exact",
    "KnowsTypical",
    "is_exact",
    "is_typical",
]


@runtime_checkable
class Coordinates(Protocol):
    """Where a search moves.

    Example:
        >>> from diffeo import Identity
        >>> isinstance(Identity((2,)), Coordinates)
        True
    """

    def encode(self, x: Data) -> Latent:
        """Return the coordinates of data."""

    def decode(self, z: Latent) -> Data:
        """Return the data at coordinates, differentiable in them."""


@runtime_checkable
class Accelerated(Protocol):
    """Coordinates that know a faster form of themselves for decoding often.

    Example:
        >>> from diffeo import Identity
        >>> isinstance(Identity((2,)), Accelerated)
        False
    """

    def inference(
        self, *, dtype: torch.dtype | None, invertible: bool
    ) -> Coordinates | None:
        """Return coordinates that decode alike, with constant parameters.

        Args:
            dtype: Precision of the heavy arithmetic; that of the parameters if not
                given, with which both decode the same up to rounding.
            invertible: Whether the backward pass keeps only its output and recomputes
                what decoding passed through.

        Returns:
            None if there is no such form.
        """


@runtime_checkable
class KnowsTypical(Protocol):
    """Coordinates that know which data they were made for.

    Example:
        >>> from diffeo import Identity
        >>> isinstance(Identity((2,)), KnowsTypical)
        False
    """

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


@runtime_checkable
class Exact(Protocol):
    """Coordinates that say whether they lose nothing.

    Example:
        >>> from diffeo import Identity
        >>> isinstance(Identity((2,)), Exact)
        True
    """

    def is_exact(self) -> bool:
        """Return whether every datum is decoded from one point only, its encoding."""


def is_exact(coordinates: Coordinates) -> bool:
    """Return whether coordinates say that they lose nothing.

    Args:
        coordinates: Any coordinates.

    Example:
        >>> from diffeo import Identity
        >>> is_exact(Identity((2,)))
        True
    """

    return isinstance(coordinates, Exact) and coordinates.is_exact()
