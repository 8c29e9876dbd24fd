import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsRegressor

from diffeo.coordinates.identity import Identity
from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.metrics.agreement import nearest_labels, value_error
from diffeo.evaluation.task import Task
from diffeo.objectives import AtLeast, AtMost, Near, Objective
from laws import SHAPE, images


def brightness(x: torch.Tensor) -> torch.Tensor:
    return x.flatten(1).sum(1, keepdim=True)


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        (AtLeast(2.0), [1.0, 0.0, 0.0]),
        (AtMost(2.0), [0.0, 0.0, 3.0]),
        (Near(3.0, within=0.5), [1.5, 0.5, 1.5]),
    ],
)
def test_the_error_is_the_distance_to_the_values_at_the_target(
    objective: Objective, expected: list[float]
) -> None:
    task = Task(brightness, Identity(SHAPE), objective)
    found = value_error(torch.tensor([1.0, 2.0, 5.0]), task)

    np.testing.assert_allclose(found, expected)


def test_the_neighbors_value_is_the_references() -> None:
    reference, query = images(30), images(6, seed=1)
    values = torch.linspace(0, 1, 30, dtype=torch.float64)
    machine = KNeighborsRegressor(n_neighbors=3)
    machine.fit(reference.flatten(1).numpy(), values.numpy())
    expected = machine.predict(query.flatten(1).numpy())
    found = nearest_labels(query, LabelledImages(reference, values), 3).mean(1)

    np.testing.assert_allclose(found, expected)
