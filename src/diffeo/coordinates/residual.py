"""Approximate coordinates in which every row starts at its own data."""

from dataclasses import dataclass

import torch

from diffeo.coordinates.protocol import decode_with, start_memory
from diffeo.coordinates.wrapping import Wrapping
from diffeo.shapes import Data, Latent, Memory

__all__ = ["Residual"]


@dataclass(frozen=True, eq=False)
class Residual(Wrapping):
    """Decode to g(z) + (x − g(z₀)), where z₀ is the encoding of the row's data x.

    What the generator g cannot make of x is kept as it is, and a search starts at x
    itself and shows only what it changes: g(z) − g(z₀). The model answers for the input
    rather than for its blurred copy. What is lost: the sum need not lie on the
    generator's manifold, so that Theorem 2 of the source no longer says that a
    counterfactual stays near the data. The remainder belongs to x: far from z₀ it may
    show as a ghost of what has changed. The record's reconstruction is still g(z₀).

    Source: Dombrowski et al., 2024, Section III, for Theorem 2.

    Args:
        coordinates: Those of the generator.

    Example:
        >>> from diffeo import AtLeast, principal_axes, search
        >>> x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
        >>> place = Residual(principal_axes(x, count=1))
        >>> goal, x = AtLeast(3.0), torch.tensor([[1.0, 5.0]])
        >>> search(x, lambda x: x[:, 0], goal, place).counterfactual.round()
        tensor([[3., 5.]])
    """

    def decode(self, z: Latent) -> Data:
        """Return what the generator makes, with no remainder."""

        return self.coordinates.decode(z)

    @torch.no_grad()
    def start(self, x: Data, z: Latent) -> Memory:
        """Return the remainder of each row, then what the coordinates remember."""

        kept = start_memory(self.coordinates, x, z)

        return x - decode_with(self.coordinates, z, kept), *kept

    def decode_with(self, z: Latent, memory: Memory) -> Data:
        """Return what the generator makes, and the remainder of each row."""

        remainder, *kept = memory

        return decode_with(self.coordinates, z, tuple(kept)) + remainder
