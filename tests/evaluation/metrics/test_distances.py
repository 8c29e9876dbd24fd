import numpy as np
from scipy.spatial.distance import cdist

from diffeo.evaluation.metrics.outcome import class_distance, euclidean
from laws import images


def test_the_distance_is_the_references() -> None:
    x, y = images(5, seed=1), images(5, seed=2)
    expected = np.linalg.norm((x - y).flatten(1).numpy(), axis=1)

    np.testing.assert_allclose(euclidean(x, y), expected)


def test_the_distance_to_a_class_is_the_references() -> None:
    x, members = images(5, seed=1), images(9, seed=2)
    expected = cdist(x.flatten(1).numpy(), members.flatten(1).numpy()).mean(1)

    np.testing.assert_allclose(class_distance(x, members), expected)
