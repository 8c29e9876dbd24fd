import numpy as np
import pytest
import torch
from scipy import stats

from diffeo.evaluation.metrics.realism import centrality, log_density
from laws import images, tiny_flow


def quadratic(x: torch.Tensor) -> torch.Tensor:
    return -x.flatten(1).square().sum(1)


def test_typicality_follows_the_references_quantile() -> None:
    generator = torch.Generator().manual_seed(0)
    reference = torch.randn(101, generator=generator, dtype=torch.float64)
    density = torch.cat((reference[:5], torch.linspace(-4, 4, 9, dtype=torch.float64)))
    quantile = [
        stats.percentileofscore(reference.numpy(), value, kind="mean") / 100
        for value in density.tolist()
    ]

    np.testing.assert_allclose(
        centrality(density, reference), 1 - 2 * np.abs(np.array(quantile) - 0.5)
    )


def test_the_median_is_typical_and_the_ends_are_not() -> None:
    reference = torch.arange(5.0)
    found = centrality(torch.tensor([2.0, -1.0, 9.0]), reference)

    assert found.tolist() == [1, 0, 0]


def test_real_data_have_a_half_on_average() -> None:
    generator = torch.Generator().manual_seed(1)
    draws = torch.randn(2, 4000, generator=generator)

    assert centrality(draws[0], draws[1]).mean() == pytest.approx(0.5, abs=0.02)


def test_the_density_is_that_of_rounded_noisy_images() -> None:
    x, draws = images(3), 40
    found = log_density(x, quadratic, draws=draws)
    rounded = torch.from_numpy(np.round(x.numpy() * 255) / 255)
    variance = 16 / 255**2 / 12

    torch.testing.assert_close(found, quadratic(rounded) - variance, atol=5e-3, rtol=0)
    assert torch.equal(found, log_density(rounded, quadratic, draws=draws))


def test_rows_get_the_same_noise_whatever_their_neighbors() -> None:
    x, flow = images(4), tiny_flow()
    together = log_density(x, flow.log_prob, draws=2)
    alone = torch.cat([log_density(row, flow.log_prob, draws=2) for row in x.split(1)])

    torch.testing.assert_close(together, alone, rtol=1e-9, atol=1e-9)
