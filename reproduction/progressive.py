"""Fit a generator against a critic while both grow."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from diffeo.models.progressive import ProgressiveGenerator
from diffeo.shapes import Images
from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import to_images
from diffeo.training.schedule import Schedule, Scheduled
from diffeo.without_grad import without_grad
from reproduction.disturbance import disturbed
from reproduction.progressive_critic import ProgressiveCritic, coarsened

__all__ = ["ProgressiveAdversarial", "doublings_at"]

DISTURBED = 0.4  # share of images, real and made, that each disturbance changes
GROWING = 0.5  # share of the training in which finer levels are added


class ProgressiveAdversarial(Scheduled):
    """Train a generator to be taken for real rather than real images, and grow it.

    The critic minimizes softplus(c(g(z)) − c(x)) + penalty/2 (‖∇c(x)‖² + ‖∇c(g(z))‖²),
    the generator softplus(c(x) − c(g(z))), both in the same step and in single
    precision. In the first half of the training finer levels are faded in.

    Source: Huang, Gokaslan, Kuleshov and Tompkin, 2024, The GAN is dead; long live the
    GAN! A modern baseline GAN, Section 2, for losses and penalties. Karras, Aila, Laine
    and Lehtinen, 2018, Progressive growing of GANs for improved quality, stability, and
    variation, Section 2, for the growth.

    Args:
        model: The generator g, from latents of shape (batch, latent) to images.
        critic: c, from images to a logit; of as many levels.
        latent: Number of latent coordinates.
        schedule: How both are updated; best without momentum.
        seed: Seed of latents, crops and disturbances.
        penalty: Weight of the critic's squared gradients, for images in [0, 1].
        crop: What is cut out of real images.
    """

    model: ProgressiveGenerator

    def __init__(
        self,
        model: ProgressiveGenerator,
        critic: ProgressiveCritic,
        latent: int,
        schedule: Schedule,
        *,
        seed: int,
        penalty: float = 0.2,
        crop: RandomCrop | None = None,
    ) -> None:
        super().__init__(model, schedule, seed=seed, crop=crop)
        self.critic = critic
        self.latent = latent
        self.penalty = penalty
        self.levels = len(critic.levels)

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the sum of both losses and the penalty, of draws that it owns."""

        self.grow(doublings_at(self.share(), self.levels))
        generator = self.step_generator()

        with torch.autocast(batch[0].device.type, enabled=False):
            x = self.training_images(batch[0], generator)
            critic, made, steepness = self.losses(*self.shown(x, generator))

        self.log("critic_loss", critic, prog_bar=True)
        self.log("generator_loss", made, prog_bar=True)
        self.log("steepness", steepness)

        return critic + made + self.penalty / 2 * steepness

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        """Log the critic's loss, with the same draws every epoch."""

        generator = torch.Generator().manual_seed(index)

        with torch.autocast(batch[0].device.type, enabled=False):
            x, made = self.shown(to_images(batch[0]), generator)
            loss = softplus(self.critic(made) - self.critic(x)).mean()

        self.log("val_critic_loss", loss, prog_bar=True)

    def grow(self, doublings: float) -> None:
        """Let both work at images whose coarsest sides are so often doubled.

        Args:
            doublings: At most one less than the levels; a fraction fades one in.
        """

        self.model.doublings = self.critic.doublings = doublings

    def shown(self, x: Images, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return real images and as many made ones, as the critic is to see them.

        Args:
            x: Real images at full size.
            generator: Source of latents and disturbances.
        """

        x = coarsened(x, self.levels - self.critic.doublings)
        z = torch.randn(len(x), self.latent, generator=generator).to(x)
        made: Tensor = self.model(z)

        return (
            disturbed(x, DISTURBED, generator=generator),
            disturbed(made, DISTURBED, generator=generator),
        )

    def losses(self, x: Images, made: Images) -> tuple[Tensor, Tensor, Tensor]:
        """Return losses of critic and generator, and the critic's squared gradients.

        Args:
            x: Real images.
            made: Images of the generator, through which its loss has gradients.
        """

        seen = x.detach().requires_grad_(), made.detach().requires_grad_()
        real, false = map(self.critic, seen)
        slopes = torch.autograd.grad(real.sum() + false.sum(), seen, create_graph=True)
        steepness = torch.cat(slopes).square().flatten(1).sum(1).mean()
        judged = without_grad(self.critic)(made)

        return (
            softplus(false - real).mean(),
            softplus(real.detach() - judged).mean(),
            2 * steepness,
        )


def doublings_at(share: float, most: int) -> float:
    """Return how far images have grown.

    In each of as many equal times nothing grows at first, and a level is then faded in.

    Args:
        share: How much of the training is over, in [0, 1].
        most: How often sides are doubled in the end.
    """

    whole, rest = divmod(most * min(1.0, share / GROWING), 1)

    return whole + max(0.0, 2 * rest - 1)
