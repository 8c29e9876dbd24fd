"""Models that are independent of the one explained."""

from collections.abc import Callable

import torch
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.svm import LinearSVC

from diffeo.batching import batches_of
from diffeo.evaluation.reference import Labels
from diffeo.objectives.classes import predicted_class
from diffeo.shapes import Data, Indices, Model

__all__ = ["Oracle", "classifier_oracle", "forest", "svm"]

Oracle = Callable[[Data], Labels]
"""From data to the class, or value, of each row."""


def svm(x: Data, labels: Indices, *, penalty: float = 0.1) -> Oracle:
    """Fit a linear support-vector machine, one class against the rest.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Oracle".

    Args:
        x: Training data.
        labels: Their classes, at least two different ones.
        penalty: Weight of the slack, which is summed over the data; the smaller, the
            smoother the planes. Of 0.001, 0.01, 0.05, 0.1 and 1 the default makes the
            fewest errors on 5,000 validation digits, with 55,000 to learn from.

    Example:
        >>> x = torch.tensor([[-1.0, 0.0], [1.0, 0.0]])
        >>> svm(x, torch.tensor([0, 1]))(x)
        tensor([0, 1])
    """

    return _fitted(LinearSVC(C=penalty, dual=False, tol=1e-3), x, labels)


def forest(x: Data, labels: Labels, *, trees: int) -> Oracle:
    """Fit a random forest, for values if the labels are floats, else for classes.

    Source: Breiman, 2001, Random forests.

    Args:
        x: Training data.
        labels: Their classes or values.
        trees: Number of trees.

    Example:
        >>> x = torch.tensor([[-1.0, 0.0], [1.0, 0.0]])
        >>> forest(x, torch.tensor([0, 1]), trees=9)(x)
        tensor([0, 1])
    """

    kinds = {True: RandomForestRegressor, False: RandomForestClassifier}

    return _fitted(kinds[labels.is_floating_point()](trees, random_state=0), x, labels)


def classifier_oracle(model: Model) -> Oracle:
    """Return the answers of an independent classifier as a function.

    Args:
        model: From data to a logit for each class, or a single one.

    Example:
        >>> classifier_oracle(lambda x: x)(torch.tensor([[0.1, 0.9], [0.8, 0.2]]))
        tensor([1, 0])
    """

    @torch.no_grad()
    def oracle(x: Data) -> Indices:
        return predicted_class(torch.cat([model(rows) for rows in batches_of(x)]))

    return oracle


def _fitted(machine: BaseEstimator, x: Data, labels: Labels) -> Oracle:
    """Fit a machine of scikit-learn, and return its answers as a function."""

    machine.fit(x.flatten(1).cpu().numpy(), labels.cpu().numpy())

    def oracle(x: Data) -> Labels:
        found = torch.from_numpy(machine.predict(x.flatten(1).cpu().numpy()))

        return found.to(x.device, labels.dtype)

    return oracle
