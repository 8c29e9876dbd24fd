import numpy as np
import pytest
import torch

from diffeo.evaluation.metrics.change import hoyer
from laws import images


def test_one_entry_is_sparsest_and_equal_entries_are_not_sparse() -> None:
    change = torch.stack((torch.eye(4)[2], -0.3 * torch.ones(4)))

    torch.testing.assert_close(hoyer(change), torch.tensor([1.0, 0.0]))


def test_sparsity_by_hand() -> None:
    change = torch.tensor([[3.0, -4.0, 0.0, 0.0]])

    assert hoyer(change).item() == pytest.approx((2 - 7 / 5) / (2 - 1))


def test_sparsity_does_not_depend_on_size() -> None:
    change = images(3)

    np.testing.assert_allclose(hoyer(change), hoyer(7 * change), rtol=1e-12)


def test_no_change_has_no_sparsity() -> None:
    assert hoyer(torch.zeros(1, 4)).isnan().all()


def test_a_single_entry_has_no_sparsity() -> None:
    assert hoyer(torch.ones(3, 1)).isnan().all()
