"""Models that are independent of the one explained, and judge its classes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.svm import LinearSVC

from diffeo.batching import in_batches
from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.oracle_training import trained_classifier
from diffeo.evaluation.reference import Labels
from diffeo.evaluation.settings import Settings
from diffeo.objectives.classes import predicted_class
from diffeo.shapes import Data, Indices, Model

__all__ = ["Oracle", "Oracles", "classifier_oracle", "fitted", "forest", "svm"]

FOREST_ROWS = 20_000  # a forest of more is slower, hardly better

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

    return fitted(LinearSVC(C=penalty, dual=False, tol=1e-3), x, labels)


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

    return fitted(kinds[labels.is_floating_point()](trees, random_state=0), x, labels)


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
        return predicted_class(in_batches(model, x))

    return oracle


def fitted(machine: BaseEstimator, x: Data, labels: Labels) -> Oracle:
    """Fit a machine of scikit-learn, and return its answers as a function.

    Args:
        machine: What is fitted.
        x: Data, made vectors.
        labels: The class, or value, of each.

    Example:
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> x = torch.tensor([[-1.0], [1.0]])
        >>> fitted(KNeighborsClassifier(1), x, torch.tensor([4, 9]))(x)
        tensor([4, 9])
    """

    machine.fit(x.flatten(1).cpu().numpy(), labels.cpu().numpy())

    def oracle(x: Data) -> Labels:
        found = torch.from_numpy(machine.predict(x.flatten(1).cpu().numpy()))

        return found.to(x.device, labels.dtype)

    return oracle


@dataclass(frozen=True, eq=False)
class Oracles:
    """Models that learn from real data, each fitted when it is first asked for.

    They are a linear support-vector machine, a random forest, and small classifiers.

    Args:
        train: Real data with their classes, without what is judged.
        settings: How they are trained, and where classifiers are kept.
        tell: Called with a few words before one is trained.

    Example:
        >>> import torch
        >>> x = torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1)
        >>> data = LabelledImages(x, torch.tensor([0, 1]))
        >>> Oracles(data, Settings(trees=9)).forest(x)
        tensor([0, 1])
    """

    train: LabelledImages
    settings: Settings
    tell: Callable[[str], None] = lambda words: None  # noqa: ARG005

    @cached_property
    def svm(self) -> Oracle:
        """A linear support-vector machine."""

        self.tell("Training a support-vector machine")
        images, labels = self.train.images, self.train.labels.long()

        return svm(images, labels, penalty=self.settings.penalty)

    @cached_property
    def forest(self) -> Oracle:
        """A random forest of the first 20,000 data."""

        self.tell("Training a random forest")
        few = self.train.select(slice(FOREST_ROWS))

        return forest(few.images, few.labels, trees=self.settings.trees)

    @cached_property
    def classifiers(self) -> tuple[Oracle, ...]:
        """The small classifiers of the settings."""

        self.tell("Training classifiers")
        how, cache = self.settings.classifiers, self.settings.cache

        return tuple(
            classifier_oracle(trained_classifier(self.train, each, cache))
            for each in how
        )

    @property
    def all(self) -> tuple[Oracle, ...]:
        """All of them: two, and as many as there are classifiers."""

        return self.svm, self.forest, *self.classifiers
