"""What every set of coordinates offers."""

from typing import Protocol, runtime_checkable

import torch

from diffeo.shapes import Data, Flags, Latent, Memory

__all__ = [
    "Accelerated",
    "Coordinates",
    "Exact",
    "KnowsTypical",
    "Remembers",
    "decode_with",
    "is_exact",
    "is_typical",
    "start_memory",
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


@runtime_checkable
class Remembers(Protocol):
    """Coordinates that must remember something of each row to decode it.

    A search carries the memory with the row, as it does that of objectives and ascents.

    Example:
        >>> from diffeo import Identity
        >>> isinstance(Identity((2,)), Remembers)
        False
    """

    def start(self, x: Data, z: Latent) -> Memory:
        """Return what must be remembered of each row: data and their encoding."""

    def decode_with(self, z: Latent, memory: Memory) -> Data:
        """Return the data of each row at other coordinates, differentiable in them."""


def start_memory(coordinates: Coordinates, x: Data, z: Latent) -> Memory:
    """Return what coordinates remember of each row: nothing, if they do not say.

    Args:
        coordinates: Any coordinates.
        x: The data.
        z: Their encoding.

    Example:
        >>> from diffeo import Identity
        >>> start_memory(Identity((2,)), torch.zeros(1, 2), torch.zeros(1, 2))
        ()
    """

    return coordinates.start(x, z) if isinstance(coordinates, Remembers) else ()


def decode_with(coordinates: Coordinates, z: Latent, memory: Memory) -> Data:
    """Return the data of each row at some coordinates.

    Args:
        coordinates: Any coordinates.
        z: Where each row is.
        memory: What `start_memory` returned for the rows.

    Example:
        >>> from diffeo import Identity
        >>> decode_with(Identity((2,)), torch.zeros(1, 2), ())
        tensor([[0., 0.]])
    """

    if isinstance(coordinates, Remembers):
        return coordinates.decode_with(z, memory)

    return coordinates.decode(z)
