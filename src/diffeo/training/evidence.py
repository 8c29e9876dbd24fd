"""Fit a variational autoencoder by the evidence lower bound."""

import math

import torch
from torch import Tensor

from diffeo.models.vae import VAE
from diffeo.shapes import Data, Latent, Scores
from diffeo.training.drawn import DrawnLoss

__all__ = ["Evidence", "divergence_from_prior", "evidence", "gaussian_log_density"]


class Evidence(DrawnLoss):
    """Maximize a lower bound of the log-density of images, with one draw of the latent.

    log p(x) ≥ E[log p(x | z)] − KL(q(z | x) ‖ N(0, I)), z drawn from q.

    Source: Kingma and Welling, 2014, Auto-encoding variational Bayes, equations (3)
    and (10).

    Args:
        model: The autoencoder.
        schedule: How its weights are updated.
        seed: Seed of latents and crops.
        crop: What is cut out of training images; held-out ones are squares already.

    Example:
        >>> from diffeo.training.schedule import Schedule
        >>> model = VAE((1, 8, 8), latent=3, widths=(8,))
        >>> Evidence(model, Schedule(), seed=0).figure
        'val_loss'
    """

    model: VAE
    figure = "val_loss"

    def loss(self, x: Data, generator: torch.Generator) -> Tensor:
        """Return the mean negative bound in nats a pixel."""

        return -evidence(self.model, x, generator).mean() / x[0].numel()


def evidence(model: VAE, x: Data, generator: torch.Generator) -> Scores:
    """Return the bound of each image's log-density, in nats.

    Args:
        model: The autoencoder.
        x: Images in [0, 1].
        generator: Source of the latents.

    Example:
        >>> model, generator = VAE((1, 8, 8), 3, (8,)), torch.Generator()
        >>> evidence(model, torch.rand(2, 1, 8, 8), generator).shape
        torch.Size([2])
    """

    mean, log_variance = model.posterior(x)
    noise = torch.randn(mean.shape, generator=generator).to(mean)
    z = mean + noise * (log_variance / 2).exp()
    fit = gaussian_log_density(x, model.decode(z), model.log_spread)

    return fit - divergence_from_prior(mean, log_variance)


def divergence_from_prior(mean: Latent, log_variance: Latent) -> Scores:
    """Return KL(N(mean, variance) ‖ N(0, I)) of each row, in nats.

    Source: Kingma and Welling, 2014, Auto-encoding variational Bayes, Appendix B.

    Args:
        mean: Of each latent coordinate.
        log_variance: Natural logarithm of its variance.

    Example:
        >>> divergence_from_prior(torch.ones(1, 2), torch.zeros(1, 2))
        tensor([1.])
    """

    terms = mean.square() + log_variance.exp() - 1 - log_variance

    return terms.sum(1) / 2


def gaussian_log_density(x: Data, mean: Data, log_spread: Tensor) -> Scores:
    """Return the log-density of each row under a Gaussian, in nats.

    Args:
        x: Data.
        mean: Mean of each number in them.
        log_spread: Natural logarithm of the standard deviation, for all alike.

    Example:
        >>> x = torch.zeros(1, 2)
        >>> gaussian_log_density(x, x, torch.zeros(()))
        tensor([-1.8379])
    """

    square = ((x - mean) / log_spread.exp()).square()
    terms = square + 2 * log_spread + math.log(2 * math.pi)

    return -terms.flatten(1).sum(1) / 2
