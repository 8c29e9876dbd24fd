"""Approximate coordinates in which every row starts at its own data."""

from dataclasses import dataclass

from diffeo.coordinates.protocol import decode_with
from diffeo.coordinates.wrapping import Remembering
from diffeo.shapes import Data, Latent, Memory

__all__ = ["Residual"]


@dataclass(frozen=True, eq=False)
class Residual(Remembering):
    """Decode to g(z) + (x − g(z₀)), where z₀ is the encoding of the row's data x.

    What the generator g cannot make of x is kept as it is, and a search starts at x
    itself and shows only what it changes: g(z) − g(z₀). The model answers for the input
    rather than for its blurred copy. What is lost: the sum need not lie on the
    generator's manifold, so that Theorem 2 of the source no longer says that a
    counterfactual stays near the data. The remainder belongs to x: far from z₀ it may
    show as a ghost of what has changed. The record's reconstruction is still g(z₀), and
    `diagnose(coordinates)` of those inside tells what g loses.

    Source: Dombrowski et al., 2024, Section III, for Theorem 2.

    Args:
        coordinates: Those of the generator.

    Example:
        >>> import torch
        >>> from diffeo import AtLeast, principal_axes, search
        >>> x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
        >>> place = Residual(principal_axes(x, count=1))
        >>> goal, x = AtLeast(3.0), torch.tensor([[1.0, 5.0]])
        >>> search(x, lambda x: x[:, 0], goal, place).counterfactual.round()
        tensor([[3., 5.]])
    """

    def _keep(self, x: Data, z: Latent, memory: Memory) -> Data:
        return x - decode_with(self.coordinates, z, memory)

    def _decode(self, z: Latent, kept: Data, memory: Memory) -> Data:
        return decode_with(self.coordinates, z, memory) + kept
