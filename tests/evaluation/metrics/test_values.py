import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsRegressor

from diffeo.evaluation.metrics.values import neighbor_value, value_error
from laws import images


def brightness(x: torch.Tensor) -> torch.Tensor:
    return x.flatten(1).sum(1, keepdim=True)


def test_the_error_is_the_distance_to_the_target() -> None:
    x = images(4)
    own = torch.arange(4.0, dtype=torch.float64)
    sums = x.numpy().sum((1, 2, 3))

    np.testing.assert_allclose(value_error(brightness, x, 3.0), np.abs(sums - 3))
    np.testing.assert_allclose(
        value_error(brightness, x, own), np.abs(sums - own.numpy())
    )


def test_an_oracle_has_one_value_a_row() -> None:
    with pytest.raises(ValueError, match=r"one value a row, got \(4, 16\)"):
        value_error(lambda x: x.flatten(1), images(4), 0.0)


def test_the_neighbors_value_is_the_references() -> None:
    reference, query = images(30), images(6, seed=1)
    values = torch.linspace(0, 1, 30, dtype=torch.float64)
    machine = KNeighborsRegressor(n_neighbors=3)
    machine.fit(reference.flatten(1).numpy(), values.numpy())
    expected = machine.predict(query.flatten(1).numpy())

    np.testing.assert_allclose(neighbor_value(query, reference, values), expected)


@pytest.mark.parametrize("count", [0, 31])
def test_there_are_only_so_many_neighbors(count: int) -> None:
    with pytest.raises(ValueError, match="count must be from 1 to 30"):
        neighbor_value(images(2), images(30), torch.zeros(30), count=count)
