"""Multi-scale flows: half of the channels leave early, whitened given the rest."""

import math

import torch
from torch import nn

from diffeo.models.flow.bijection import Bijection
from diffeo.models.flow.inference.network import InferenceNetwork
from diffeo.models.flow.masks import Mask
from diffeo.models.flow.transforms import Transform
from diffeo.shapes import Images, Latent, LogDet

__all__ = ["MultiscaleSplit"]


class MultiscaleSplit(Bijection):
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

    Example:
        >>> from diffeo.models.flow.layers import Whiten
        >>> from diffeo.models.flow.masks import Channels
        >>> from diffeo.models.flow.transforms import Affine
        >>> network, rest = nn.Conv2d(1, 2, 1), Whiten((1, 2, 2))
        >>> split = MultiscaleSplit(Channels(), Affine(), network, rest, (1, 2, 2))
        >>> split(torch.zeros(1, 2, 2, 2))[0].shape
        torch.Size([1, 8])
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

    def inference(self, dtype: torch.dtype) -> "MultiscaleSplit":
        """Return a split with constant networks."""

        network = InferenceNetwork(self.network, dtype)

        return self._with(network, self.rest.inference(dtype))

    def invertible(self) -> "MultiscaleSplit | None":
        """Return a split whose rest keeps least for the gradient, if it can."""

        rest = self.rest.invertible()

        return None if rest is None else self._with(self.network, rest)

    def _with(self, network: nn.Module, rest: Bijection) -> "MultiscaleSplit":
        return MultiscaleSplit(self.mask, self.transform, network, rest, self.leaves)
