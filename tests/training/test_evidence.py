import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from diffeo.models.seeded import seeded
from diffeo.models.vae import VAE
from diffeo.training.batches import batches
from diffeo.training.evidence import (
    Evidence,
    divergence_from_prior,
    evidence,
    gaussian_log_density,
)
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from laws import images


def normal(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(2)

    return torch.randn(shape, generator=generator, dtype=torch.float64)


def test_the_divergence_agrees_with_the_reference() -> None:
    mean, log_variance = normal(2, 5, 4)
    posterior = Normal(mean, (log_variance / 2).exp())
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))

    torch.testing.assert_close(
        divergence_from_prior(mean, log_variance),
        kl_divergence(posterior, prior).sum(1),
    )


def test_the_density_of_data_agrees_with_the_reference() -> None:
    x, mean = normal(2, 3, 1, 2, 2)
    log_spread = torch.tensor(-0.7, dtype=torch.float64)
    reference = Normal(mean, log_spread.exp()).log_prob(x).flatten(1).sum(1)

    torch.testing.assert_close(gaussian_log_density(x, mean, log_spread), reference)


class Linear(VAE):
    """A model of linear maps, of which density and true posterior are known."""

    def __init__(self, off: float) -> None:
        super().__init__((1, 2, 2), 2, (8,))
        self.axes = nn.Parameter(normal(4, 2))
        self.off = off
        self.double()

    @property
    def variance(self) -> Tensor:
        """Of the pixels around the decoded."""

        return (2 * self.log_spread).exp()

    def decode(self, z: Tensor) -> Tensor:
        x: Tensor = z @ self.axes.T

        return x.reshape(-1, 1, 2, 2)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the best Gaussian of independent coordinates, or one moved off it."""

        precision = self.axes.T @ self.axes / self.variance + torch.eye(2).double()
        mean = x.flatten(1) @ self.axes / self.variance @ torch.linalg.inv(precision)
        log_variance = -precision.diagonal().log().expand(len(x), -1)

        return mean + self.off, log_variance

    def log_prob(self, x: Tensor) -> Tensor:
        """Return the true log-density."""

        noise = self.variance * torch.eye(4).double()
        cloud = MultivariateNormal(
            torch.zeros(4).double(), self.axes @ self.axes.T + noise
        )
        density: Tensor = cloud.log_prob(x.flatten(1))

        return density


def bound(model: VAE, x: Tensor) -> Tensor:
    return evidence(model, x, torch.Generator().manual_seed(0))


def mean_bound(model: Linear, x: Tensor) -> Tensor:
    return bound(model, x.repeat(4000, 1, 1, 1)).reshape(4000, -1).mean(0)


@torch.no_grad()
def test_the_bound_is_the_density_less_the_divergence_from_the_true_posterior() -> None:
    x, (tight, off) = images(3, (1, 2, 2)), (Linear(0.0), Linear(0.05))
    orthonormal = torch.linalg.qr(tight.axes).Q
    tight.axes.copy_(orthonormal)
    off.axes.copy_(orthonormal)
    precision = 1 / tight.variance + 1
    lost = precision * 2 * 0.05**2 / 2

    torch.testing.assert_close(
        mean_bound(tight, x), tight.log_prob(x), rtol=0, atol=0.1
    )
    torch.testing.assert_close(
        mean_bound(off, x), off.log_prob(x) - lost, rtol=0, atol=0.1
    )


def test_a_trained_autoencoder_tells_images_apart() -> None:
    phase = torch.arange(256) % 4
    x = ((torch.arange(8) + phase[:, None]) % 4 < 2).float()
    x = 0.2 + 0.6 * x[:, None, None].expand(-1, 1, 8, -1).contiguous()

    with seeded(0):
        model = VAE((1, 8, 8), latent=4, widths=(8, 16))

    module = Evidence(model, Schedule(rate=5e-3, warmup=5), seed=0)
    before = bound(model, x).mean().item()
    train = batches(x, size=64, seed=0)
    fit(module, train, train, Fit(None, 16, average=0.5, progress=False))
    model.eval().requires_grad_(requires_grad=False)
    error = (model.decode(model.encode(x)) - x).square().mean().sqrt()

    assert bound(model, x).mean() > before + 10
    assert error < x.std() / 3
