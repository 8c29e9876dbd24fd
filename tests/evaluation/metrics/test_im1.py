import numpy as np
import pytest
import torch

from diffeo.evaluation.metrics.im1 import im1, im2
from laws import images


def half(x: torch.Tensor) -> torch.Tensor:
    return x / 2


def zero(x: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(x)


@pytest.mark.parametrize(("power", "expected"), [(1, 0.5), (2, 0.25)])
def test_im1_is_the_targets_error_over_the_sources(power: int, expected: float) -> None:
    x = images(4)
    found = im1(x, source=zero, target=half, power=power)

    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_im1_by_hand() -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, 1.0]], dtype=torch.float64)

    def away(x: torch.Tensor) -> torch.Tensor:
        return x + torch.tensor([5.0, 12.0], dtype=torch.float64)

    found = im1(x, source=zero, target=away, epsilon=1.0)

    np.testing.assert_allclose(found, [13 / 6, 13 / 2])


def test_im1_is_finite_where_the_source_is_perfect() -> None:
    found = im1(images(2), source=lambda x: x, target=half)

    assert found.isfinite().all()


@pytest.mark.parametrize("power", [1, 2])
def test_im2_by_hand(power: int) -> None:
    x = torch.tensor([[3.0, -4.0], [0.0, 1.0]], dtype=torch.float64)
    found = im2(x, target=half, every=zero, power=power, epsilon=0.0)

    np.testing.assert_allclose(found, [2.5**power / 7, 0.5**power])


def test_im2_finds_bright_images_interpretable() -> None:
    x = torch.full((1, 4), 0.1)

    def shifted(x: torch.Tensor) -> torch.Tensor:
        return x + 0.1

    dark, bright = (im2(each, target=shifted, every=lambda x: x) for each in (x, 9 * x))

    assert bright < dark
