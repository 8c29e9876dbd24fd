"""Fit a generator against a critic."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from diffeo.models.centered import Center
from diffeo.models.seeded import seeded
from diffeo.models.strided import coarsest
from diffeo.shapes import Data
from diffeo.training.batches import to_images
from diffeo.training.schedule import Schedule, Scheduled
from diffeo.without_grad import without_grad

__all__ = ["Adversarial", "critic"]

SLOPE = 0.2  # of a critic's units below zero
PENALIZED = 4  # one of so many real images has its gradient penalized


def critic(
    shape: tuple[int, int, int], widths: Sequence[int], *, seed: int = 0
) -> nn.Module:
    """Return an untrained network that tells real images from made ones, by a logit.

    It normalizes nothing, so that its gradient can be penalized image by image.

    Args:
        shape: Channels, height and width of the images, which are in [0, 1].
        widths: Channels of each level, finest first.
        seed: Seed of the initial weights.
    """

    with seeded(seed):
        levels = [
            nn.Sequential(
                nn.Conv2d(fine, next_, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)
            )
            for fine, next_ in pairwise((shape[0], *widths))
        ]
        inputs = math.prod(coarsest(shape, widths))

        return nn.Sequential(Center(), *levels, nn.Flatten(), nn.Linear(inputs, 1))


class Adversarial(Scheduled):
    """Train a generator to be taken for real, and a critic not to be deceived.

    The critic minimizes softplus(−c(x)) + softplus(c(g(z))) + penalty/2 ‖∇c(x)‖², the
    generator softplus(−c(g(z))), both in the same step. The penalty makes the game
    converge, and is taken on a part of each batch for the sake of time.

    Source: Goodfellow et al., 2014, Generative adversarial nets, Section 3, for the
    losses. Mescheder, Geiger and Nowozin, 2018, Which training methods for GANs do
    actually converge?, equation (9), for the penalty.

    Args:
        model: The generator g, from latents of shape (batch, latent) to images.
        critic: c, from images to a logit, shape (batch, 1); rows independent.
        latent: Number of latent coordinates.
        schedule: How both are updated; best with little momentum.
        seed: Seed of the latents.
        penalty: Weight of the critic's squared gradient, for images in [0, 1].
    """

    def __init__(
        self,
        model: nn.Module,
        critic: nn.Module,
        latent: int,
        schedule: Schedule,
        *,
        seed: int,
        penalty: float = 1.0,
    ) -> None:
        super().__init__(model, schedule, seed=seed)
        self.critic = critic
        self.latent = latent
        self.penalty = penalty

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the sum of both losses, with latents that this step owns."""

        x = to_images(batch[0])
        critic, generator = self.losses(x, self.step_seed())
        self.log("critic_loss", critic, prog_bar=True)
        self.log("generator_loss", generator, prog_bar=True)

        return critic + generator + self.penalty / 2 * self._steepness(x)

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        """Log the critic's loss, with the same latents every epoch."""

        critic, _ = self.losses(to_images(batch[0]), index)
        self.log("val_critic_loss", critic, prog_bar=True)

    def losses(self, x: Data, draw: int) -> tuple[Tensor, Tensor]:
        """Return the losses of the critic and of the generator, with gradients in each.

        Args:
            x: Real images.
            draw: Seed of the latents of as many samples.
        """

        generator = torch.Generator().manual_seed(draw)
        z = torch.randn(len(x), self.latent, generator=generator).to(x)
        made = self.model(z)
        real, false = self.critic(torch.cat((x, made.detach()))).chunk(2)
        critic = softplus(-real).mean() + softplus(false).mean()

        return critic, softplus(-without_grad(self.critic)(made)).mean()

    def _steepness(self, x: Data) -> Tensor:
        """Return the mean squared norm of the critic's gradient at real images."""

        x = x[: -(-len(x) // PENALIZED)].requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(x).sum(), x, create_graph=True)

        return slope.square().flatten(1).sum(1).mean()
