import numpy as np
import torch

from diffeo.evaluation.metrics.realism import im1
from laws import images


def half(x: torch.Tensor) -> torch.Tensor:
    return x / 2


def zero(x: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(x)


def test_im1_is_the_targets_error_over_the_sources() -> None:
    found = im1(images(4), source=zero, target=half)

    np.testing.assert_allclose(found, 0.5, rtol=1e-5)


def test_im1_by_hand() -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, 1.0]], dtype=torch.float64)

    def away(x: torch.Tensor) -> torch.Tensor:
        return x + torch.tensor([5.0, 12.0], dtype=torch.float64)

    found = im1(x, source=zero, target=away)

    np.testing.assert_allclose(found, [13 / 5, 13], rtol=1e-5)


def test_im1_is_finite_where_the_source_is_perfect() -> None:
    found = im1(images(2), source=lambda x: x, target=half)

    assert found.isfinite().all()
