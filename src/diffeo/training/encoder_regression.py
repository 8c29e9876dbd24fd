"""Fit an encoder to a generator that has none."""

import torch
from torch import Tensor, nn

from diffeo.coordinates.inversion import InvertedGenerator
from diffeo.shapes import Data
from diffeo.training.augmentation import RandomCrop
from diffeo.training.drawn import DrawnLoss
from diffeo.training.schedule import Schedule

__all__ = ["EncoderRegression"]


class EncoderRegression(DrawnLoss):
    """Regress latents on samples, and images on their reconstructions.

    Minimize the mean square of e(g(z)) − z, for z from N(0, I), and that of
    g(e(x)) − x, as a share of the variance of the images x. The fitted encoder is where
    descents of an `InvertedGenerator` start, or stands for them.

    Source: Zhu, Krähenbühl, Shechtman and Efros, 2016, Generative visual manipulation
    on the natural image manifold, equation (4), for the second term.

    Args:
        encoder: e, from images to latents of shape (batch, latent).
        place: The generator g, whose parameters are frozen.
        schedule: How the encoder's weights are updated.
        seed: Seed of latents and crops.
        weight: Of the second term beside the first.
        crop: What is cut out of images.

    Example:
        >>> place = InvertedGenerator(nn.Sigmoid(), 2, (2,))
        >>> module = EncoderRegression(nn.Linear(2, 2), place, Schedule(), seed=0)
        >>> module.loss(torch.rand(4, 2), torch.Generator()).isfinite()
        tensor(True)
    """

    def __init__(
        self,
        encoder: nn.Module,
        place: InvertedGenerator,
        schedule: Schedule,
        *,
        seed: int,
        weight: float = 1.0,
        crop: RandomCrop | None = None,
    ) -> None:
        super().__init__(encoder, schedule, seed=seed, crop=crop)
        place.requires_grad_(requires_grad=False)
        self.untrained = (place,)  # in a tuple, so that its weights are not averaged
        self.weight = weight

    def loss(self, x: Data, generator: torch.Generator) -> Tensor:
        """Return the loss of images, beside as many samples."""

        found, place = self.model(x), self.untrained[0].to(x.device)
        z = torch.randn(found.shape, generator=generator).to(found)
        latents: Tensor = (self.model(place.decode(z)) - z).square().mean()
        images = (place.decode(found) - x).square().mean() / x.var()

        return latents + self.weight * images
