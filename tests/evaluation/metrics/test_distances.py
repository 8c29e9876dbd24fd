import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, pdist

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.metrics.distances import (
    class_distance,
    distance,
    diversity,
    stability,
)
from laws import images
from records import record


def ends(rows: int, seed: int) -> Counterfactuals:
    start = images(rows).float()

    return record(start, images(rows, seed=seed).float())


def test_the_distance_is_the_references() -> None:
    x, y = images(5, seed=1), images(5, seed=2)
    expected = np.linalg.norm((x - y).flatten(1).numpy(), axis=1)

    np.testing.assert_allclose(distance(x, y), expected)


def test_the_distance_to_a_class_is_the_references() -> None:
    x, members = images(5, seed=1), images(9, seed=2)
    expected = cdist(x.flatten(1).numpy(), members.flatten(1).numpy()).mean(1)

    np.testing.assert_allclose(class_distance(x, members), expected)


def test_a_class_has_members() -> None:
    with pytest.raises(ValueError, match="members must be at least one"):
        class_distance(images(2), images(2)[:0])


def test_stability_is_the_distance_between_two_ends() -> None:
    one, two = ends(4, 1), ends(4, 2)
    expected = (one.counterfactual - two.counterfactual).flatten(1).norm(dim=1)

    assert torch.equal(stability(one, two), expected)
    assert torch.equal(stability(one, one), torch.zeros(4))


def test_diversity_is_the_mean_of_all_pairs() -> None:
    records = [ends(3, seed) for seed in (1, 2, 3, 4)]
    stacked = torch.stack([each.counterfactual.flatten(1) for each in records], dim=1)
    expected = [pdist(rows.double().numpy()).mean() for rows in stacked]

    np.testing.assert_allclose(diversity(records), expected, rtol=1e-6)


def test_records_are_compared_row_by_row() -> None:
    one, two = ends(4, 1), ends(3, 2)

    with pytest.raises(ValueError, match="records must be of one shape"):
        stability(one, two)

    with pytest.raises(ValueError, match="records must be of one shape"):
        diversity([one, two])

    with pytest.raises(ValueError, match="records must be at least two, got 1"):
        diversity([one])
