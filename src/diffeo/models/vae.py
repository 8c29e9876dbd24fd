"""A convolutional variational autoencoder of images."""

import math
from collections.abc import Sequence

import torch
from torch import nn

from diffeo.models.strided import downward, upward
from diffeo.shapes import Images, Latent

__all__ = ["VAE"]

SPREAD = 0.1  # of pixels at first


class VAE(nn.Module):
    """A Gaussian posterior of latents, and a Gaussian of images around the decoded.

    As coordinates it is approximate; `encode` returns the posterior's mean.

    Source: Kingma and Welling, 2014, Auto-encoding variational Bayes. Rybkin,
    Daniilidis and Levine, 2021, Simple and effective VAE training with calibrated
    decoders, for one learned standard deviation of all pixels.

    Args:
        shape: Channels, height and width of the images.
        latent: Number of latent coordinates.
        widths: Channels of each level, finest first, multiples of eight; each halves
            both sides.

    Raises:
        ValueError: If the sides cannot be halved so often.

    Example:
        >>> model = VAE((1, 8, 8), latent=3, widths=(8, 16))
        >>> model.decode(model.encode(torch.zeros(2, 1, 8, 8))).shape
        torch.Size([2, 1, 8, 8])
    """

    def __init__(
        self, shape: tuple[int, int, int], latent: int, widths: Sequence[int]
    ) -> None:
        super().__init__()
        self.encoder = downward(shape, widths, 2 * latent)
        self.decoder = upward(latent, shape, widths)
        self.log_spread = nn.Parameter(torch.tensor(math.log(SPREAD)))

    def encode(self, x: Images) -> Latent:
        """Return the mean of each posterior."""

        return self.posterior(x)[0]

    def decode(self, z: Latent) -> Images:
        """Return the mean of the images at latents."""

        x: Images = self.decoder(z)

        return x

    def posterior(self, x: Images) -> tuple[Latent, Latent]:
        """Return mean and log-variance of each posterior."""

        mean, log_variance = self.encoder(2 * x - 1).chunk(2, dim=1)

        return mean, log_variance
