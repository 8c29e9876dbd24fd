"""Multi-scale flows: half of the channels leave early, whitened given the rest."""

import math
from dataclasses import dataclass, replace

import torch
from torch import nn

from diffeo.models.flow.bijection import Bijection, Chain, Change
from diffeo.models.flow.folded import Decoder, decoder, reversible_decoder
from diffeo.models.flow.frozen import frozen
from diffeo.models.flow.masks import Mask
from diffeo.models.flow.transforms import Transform
from diffeo.models.flow.uncoupled import Uncoupled, undo
from diffeo.shapes import Images, Latent, LogDet

__all__ = ["Split"]


class Split(nn.Module):
    """Part of the channels becomes latent now; the rest goes on through `rest`.

    The part that leaves is normal given the part that goes on, with a mean and a
    deviation from a network; whitening it by these makes the base density of the whole
    packed latent a standard normal.

    Source: Dinh, Sohl-Dickstein and Bengio, 2017, RealNVP, Section 3.6, with the
    learned prior of Kingma and Dhariwal, 2018, Glow.

    Args:
        mask: Which part goes on.
        transform: How the part that leaves is whitened.
        network: From the part that goes on to the transform's parameters.
        rest: From the part that goes on to vectors.
        leaves: Channels, height and width of the part that leaves.
    """

    def __init__(
        self,
        mask: Mask,
        transform: Transform,
        network: nn.Module,
        rest: Bijection,
        leaves: tuple[int, int, int],
    ) -> None:
        super().__init__()
        self.mask = mask
        self.transform = transform
        self.network = network
        self.rest = rest
        self.leaves = leaves

    def forward(self, x: Images) -> tuple[Latent, LogDet]:
        """Return the latent of the rest, then that of the part that leaves."""

        goes_on, leaves = self.mask.split(x)
        white, logdet = self.transform.forward(leaves, self.network(goes_on))
        z, logdet_rest = self.rest(goes_on)

        return torch.cat((z, white.flatten(1)), dim=1), logdet + logdet_rest

    def inverse(self, y: Latent) -> tuple[Images, LogDet]:
        """Undo `forward`."""

        z, white = y.tensor_split((y.shape[1] - math.prod(self.leaves),), dim=1)
        goes_on, logdet_rest = self.rest.inverse(z)
        leaves, logdet = self.transform.inverse(
            white.reshape(len(white), *self.leaves), self.network(goes_on)
        )

        return self.mask.merge(goes_on, leaves), logdet + logdet_rest

    def rebuild(self, change: Change) -> "Split":
        """Return a split whose rest is changed."""

        rest = Chain(change([self.rest]))

        return Split(self.mask, self.transform, self.network, rest, self.leaves)

    def decoder(self, dtype: torch.dtype) -> Decoder:
        """Return the inverse with frozen networks."""

        how = Uncoupled(self.mask, self.transform, frozen(self.network, dtype))

        return _Joined(how, decoder(self.rest, dtype), self.leaves)


@dataclass(frozen=True)
class _Joined:
    how: Uncoupled
    rest: Decoder
    leaves: tuple[int, int, int]

    def __call__(self, y: Latent) -> Images:
        z, white = y.tensor_split((y.shape[1] - math.prod(self.leaves),), dim=1)
        goes_on = self.rest(z)
        white = white.reshape(len(white), *self.leaves)

        return self.how.mask.merge(goes_on, undo(goes_on, white, self.how))

    def reversible(self) -> "_Joined":
        return replace(self, rest=reversible_decoder(self.rest))
