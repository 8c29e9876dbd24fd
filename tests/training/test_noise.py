import pytest
import torch

from diffeo.training.noise import HIGH, LOW, GaussianNoise, Noise, UniformNoise


def noisy(noise: Noise, share: float, x: torch.Tensor) -> torch.Tensor:
    return noise(x, share, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("noise", [UniformNoise(), GaussianNoise()])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_noise_keeps_to_the_bins_of_gray_levels_and_repeats(
    noise: Noise, share: float, level: float
) -> None:
    x = torch.full((4, 3, 16, 16), level)
    found = noisy(noise, share, x)

    assert torch.equal(found, noisy(noise, share, x))
    assert found.min() >= LOW
    assert found.max() <= HIGH
    assert found.unique().numel() > 1000


@pytest.mark.parametrize(
    ("share", "deviation"), [(0.0, 8 / 255), (0.3, 24**0.5 / 255), (0.6, 3 / 255)]
)
def test_normal_noise_falls_to_the_last(share: float, deviation: float) -> None:
    x = torch.full((4, 3, 32, 32), 0.5)
    found = noisy(GaussianNoise(), share, x) - x

    assert found.std().item() == pytest.approx(deviation, rel=0.03)
    assert torch.equal(noisy(GaussianNoise(), 0.6, x), noisy(GaussianNoise(), 1.0, x))
