"""Coordinates in which only a part of each row changes."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from diffeo.coordinates.protocol import decode_with
from diffeo.coordinates.wrapping import Remembering
from diffeo.shapes import Data, Latent, Memory

__all__ = ["Masked"]


@dataclass(frozen=True, eq=False)
class Masked(Remembering):
    """Decode to g(z) where a mask allows changes, and to the row's own x elsewhere.

    What the mask forbids stays as it is to the last bit: pixels of an image or columns
    of a table. Where a mask is between 0 and 1 the two are blended, x + m·(g(z) − x).
    Gradients flow through what may change alone. What the generator g makes of the
    rest is thrown away, so that the whole need not lie on its manifold, though g(z)
    does, and Theorem 2 of the source no longer says that a counterfactual stays near
    the data: a seam may show. Densities and the encoding of a result are those of the
    whole datum, not of the latent that was found. `Masked(Residual(coordinates), mask)`
    starts at x itself where g loses something.

    Source: Dombrowski et al., 2024, Section III, for Theorem 2.

    Args:
        coordinates: Those of the generator.
        mask: True or 1 where changes are allowed, False or 0 where they are not, of the
            shape of one datum.

    Raises:
        ValueError: If the mask has values outside [0, 1] or allows no change.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> place = Masked(Identity((2,)), torch.tensor([True, False]))
        >>> goal, x = AtLeast(3.0), torch.tensor([[1.0, 0.3]])
        >>> search(x, lambda x: x.sum(1), goal, place).counterfactual[:, 1]
        tensor([0.3000])
    """

    mask: Tensor = field(repr=False)

    def __post_init__(self) -> None:
        if not ((self.mask >= 0) & (self.mask <= 1)).all():
            raise ValueError("mask must be from 0 to 1 everywhere, got other values")

        if not self.mask.any():
            raise ValueError("mask must allow a change somewhere, got 0 everywhere")

    def _keep(self, x: Data, z: Latent, memory: Memory) -> Data:  # noqa: ARG002
        if self.mask.shape != x.shape[1:]:
            raise ValueError(
                f"mask must be of the shape of one datum, {tuple(x.shape[1:])}, got "
                f"{tuple(self.mask.shape)}"
            )

        return x

    def _decode(self, z: Latent, kept: Data, memory: Memory) -> Data:
        mask = self.mask.to(kept)
        blended = kept.lerp(decode_with(self.coordinates, z, memory).to(kept), mask)

        return torch.where(mask > 0, blended, kept)
