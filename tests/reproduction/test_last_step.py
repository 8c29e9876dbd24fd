import pytest
import torch

from diffeo.coordinates.euler_step import EulerStep
from reproduction.last_step import extreme_singular_values, least_by_noise


def test_extremes_are_those_of_the_dense_jacobian() -> None:
    matrix = torch.randn(12, 12, generator=torch.Generator().manual_seed(1)).double()

    def velocity(x: torch.Tensor, time: float) -> torch.Tensor:
        return time * torch.tanh(x @ matrix.mT)

    step, point = EulerStep(velocity, 0.5, 0.25), 0.1 * matrix[:3]
    found = extreme_singular_values(step, point, rounds=11)
    dense = torch.stack(
        [torch.func.jacrev(lambda x: step(x[None])[0])(x) for x in point]
    )
    values = torch.linalg.svdvals(dense)

    torch.testing.assert_close(found.greatest, values[:, 0], rtol=1e-3, atol=0)
    torch.testing.assert_close(found.least, values[:, -1], rtol=0.02, atol=0)


def test_noise_across_data_is_shrunk_as_its_posterior_mean() -> None:
    generator = torch.Generator().manual_seed(0)
    data, noise = torch.randn((2, 200_000), generator=generator).double()
    seen = 0.9 * 0.2 * data + 0.1 * noise
    slope = (0.2 * data * seen).mean() / seen.square().mean()

    assert least_by_noise(0.9, 0.2) == pytest.approx(slope.item(), rel=0.01)
