"""Fit a flow by maximum likelihood."""

import torch
from torch import Tensor

from diffeo.models.flow.flow import Flow
from diffeo.shapes import Images
from diffeo.training.augmentation import RandomCrop
from diffeo.training.backward import MemoryMode, in_memory_mode
from diffeo.training.batches import to_images
from diffeo.training.noise import Noise, UniformNoise
from diffeo.training.schedule import Schedule, ScheduledOnImages

__all__ = ["Likelihood"]


class Likelihood(ScheduledOnImages):
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

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the mean bits per dimension, with draws that this step owns."""

        generator = self._generator(2 * self.global_step + 3)
        x = self.training_images(batch[0], generator)
        loss = self._bits(x, self.share(), generator)
        self.log("train_bits", loss, prog_bar=True)

        return loss

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        """Log the mean bits per dimension, with the same noise every epoch."""

        bits = self._bits(to_images(batch[0]), 1.0, self._generator(2 * index))
        self.log("val_bits", bits, prog_bar=True)

    def _generator(self, draw: int) -> torch.Generator:
        """Return a generator for a draw; training has the odd ones."""

        return torch.Generator().manual_seed(self.seed * 1_000_003 + draw)

    def _bits(self, x: Images, share: float, generator: torch.Generator) -> Tensor:
        x = self.noise(x, share, generator=generator)

        return in_memory_mode(self.model, self.mode).bits_per_dimension(x).mean()
