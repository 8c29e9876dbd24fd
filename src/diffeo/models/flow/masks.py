"""How an image falls into two parts, of which one decides how the other moves."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch.nn import functional

from diffeo.shapes import Maps

__all__ = ["Channels", "Checkerboard", "Mask", "Shape"]

Shape = tuple[int, int, int]
"""Channels, height and width of an image."""


@runtime_checkable
class Mask(Protocol):
    """How an image falls into a part that stays and a part that moves.

    Each value goes to one of the parts, unchanged; both are of one shape.

    Example:
        >>> mask, x = Channels(), torch.rand(1, 4, 2, 2)
        >>> torch.equal(mask.merge(*mask.split(x)), x)
        True
    """

    def split(self, x: Maps) -> tuple[Maps, Maps]:
        """Return the part that stays and the part that moves."""

    def merge(self, stays: Maps, moves: Maps) -> Maps:
        """Undo `split`."""

    def half(self, shape: Shape) -> Shape:
        """Return the shape of each part of an image."""


@dataclass(frozen=True)
class Channels:
    """The first half of the channels stays; the other way round if flipped.

    Source: Dinh, Sohl-Dickstein and Bengio, 2017, RealNVP, Section 3.4.

    Example:
        >>> stays, moves = Channels().split(torch.arange(4.0).reshape(1, 4, 1, 1))
        >>> stays.flatten()
        tensor([0., 1.])
    """

    flipped: bool = False

    def split(self, x: Maps) -> tuple[Maps, Maps]:
        """Return the two halves of the channels."""

        first, second = x.tensor_split(2, dim=1)

        return (second, first) if self.flipped else (first, second)

    def merge(self, stays: Maps, moves: Maps) -> Maps:
        """Join the two halves."""

        return torch.cat((moves, stays) if self.flipped else (stays, moves), dim=1)

    def half(self, shape: Shape) -> Shape:
        """Return the shape of half of the channels."""

        channels, height, width = shape

        return channels // 2, height, width


@dataclass(frozen=True)
class Checkerboard:
    """The white fields of a checkerboard stay; the black ones if flipped.

    Each part is held at half the resolution with two channels for each of the image's,
    so that no field is computed only to be masked away.

    Source: Dinh, Sohl-Dickstein and Bengio, 2017, RealNVP, Section 3.4.

    Example:
        >>> stays, moves = Checkerboard().split(torch.arange(4.0).reshape(1, 1, 2, 2))
        >>> stays.flatten()
        tensor([0., 3.])
    """

    flipped: bool = False

    def split(self, x: Maps) -> tuple[Maps, Maps]:
        """Return the fields of the two colors."""

        blocks = functional.pixel_unshuffle(x, 2)
        first, second, third, fourth = (blocks[:, place::4] for place in range(4))
        white = torch.cat((first, fourth), dim=1)
        black = torch.cat((second, third), dim=1)

        return (black, white) if self.flipped else (white, black)

    def merge(self, stays: Maps, moves: Maps) -> Maps:
        """Put the fields back on the board."""

        white, black = (moves, stays) if self.flipped else (stays, moves)
        first, fourth = white.chunk(2, dim=1)
        second, third = black.chunk(2, dim=1)
        blocks = torch.stack((first, second, third, fourth), dim=2)

        return functional.pixel_shuffle(blocks.flatten(1, 2), 2)

    def half(self, shape: Shape) -> Shape:
        """Return the shape of one color's fields."""

        channels, height, width = shape

        return 2 * channels, height // 2, width // 2
