"""Fit a flow by maximum likelihood."""

import torch
from torch import Tensor

from diffeo.models.flow.flow import Flow
from diffeo.shapes import Images
from diffeo.training.augmentation import RandomCrop
from diffeo.training.backward import MemoryMode, in_memory_mode
from diffeo.training.drawn import DrawnLoss
from diffeo.training.noise import Noise, UniformNoise
from diffeo.training.schedule import Schedule

__all__ = ["Likelihood"]


class Likelihood(DrawnLoss):
    """Minimize the bits per dimension of noisy images.

    Source: Dombrowski et al., 2024, equation (7).

    Args:
        flow: An initialized flow of images.
        schedule: How to update it.
        seed: Seed of noise and crops.
        mode: What the backward pass keeps.
        noise: What makes gray levels a density.
        crop: What is cut out of training images; held-out ones are squares already.

    Example:
        >>> from diffeo.models.flow.recipes import Level, glow
        >>> flow = glow((1, 4, 4), [Level(steps=1, width=4)])
        >>> Likelihood(flow, Schedule(), seed=0).mode
        'plain'
    """

    model: Flow
    figure = "val_bits"
    unit = "bits"

    def __init__(
        self,
        flow: Flow,
        schedule: Schedule,
        *,
        seed: int,
        mode: MemoryMode = "plain",
        noise: Noise | None = None,
        crop: RandomCrop | None = None,
    ) -> None:
        super().__init__(flow, schedule, seed=seed, crop=crop)
        self.mode: MemoryMode = mode
        self.noise = noise or UniformNoise()

    def loss(self, x: Images, generator: torch.Generator) -> Tensor:
        """Return the mean bits per dimension; held-out images have the last noise."""

        share = self.share() if self.training else 1.0
        x = self.noise(x, share, generator=generator)

        return in_memory_mode(self.model, self.mode).bits_per_dimension(x).mean()
