import numpy as np
import torch

from diffeo.evaluation.metrics.realism import im1
from laws import images


def test_im1_is_the_targets_error_over_the_sources() -> None:
    x = images(4)
    found = im1(x, source=0 * x, target=x / 2)

    np.testing.assert_allclose(found, 0.5, rtol=1e-5)


def test_im1_by_hand() -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, 1.0]], dtype=torch.float64)
    away = x + torch.tensor([5.0, 12.0], dtype=torch.float64)
    found = im1(x, source=0 * x, target=away)

    np.testing.assert_allclose(found, [13 / 5, 13], rtol=1e-5)


def test_im1_is_finite_where_the_source_is_perfect() -> None:
    x = images(2)
    found = im1(x, source=x, target=x / 2)

    assert found.isfinite().all()
