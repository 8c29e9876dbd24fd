"""Quick judges of images and of rows, independent of the model that is audited."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch.nn.functional import adaptive_avg_pool2d

from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import ClassifierSettings, trained_classifier
from diffeo.evaluation.oracles import Oracle, classifier_oracle, fitted, forest
from diffeo.shapes import Data, Flags, Images, Indices
from diffeo.workflows.train.classifier import balanced_accuracy

__all__ = [
    "OF_IMAGES",
    "OF_ROWS",
    "WEAK",
    "Judge",
    "Trainer",
    "disputed",
    "train_judges",
]

MOST = 4000  # data that they learn from
FEWEST = 10  # of a class
COMPONENTS, TREES = 40, 100
HELD_OUT = 5
SIDE, LEAST = 32, 4  # pixels a side that the network sees at most and at least
WEAK = 0.7  # accuracy below which a judge says nothing


Trainer = Callable[[Data, Indices], Oracle]
"""From data and the class of each to a judge."""


@dataclass(frozen=True, eq=False)
class Judge:
    """A classifier that has learned from other data than those it judges.

    Args:
        oracle: From data to their classes.
        accuracy: Mean over the classes of its accuracy on data held out from it.

    Example:
        >>> judge = Judge(lambda x: x.flatten(1).argmax(1), 0.9)
        >>> x = torch.eye(2).reshape(2, 1, 1, 2)
        >>> judge.takes(x, torch.tensor([0, 0])), judge.trusted
        (tensor([ True, False]), True)
    """

    oracle: Oracle
    accuracy: float

    @property
    def trusted(self) -> bool:
        """Whether it is right often enough to be listened to."""

        return self.accuracy >= WEAK

    def takes(self, x: Data, labels: Indices) -> Flags:
        """Return whether it takes each datum for its class."""

        return self.oracle(x) == labels


def train_judges(
    x: Data, labels: Indices, kinds: Mapping[str, Trainer]
) -> dict[str, Judge]:
    """Train a judge of each kind, within seconds.

    Args:
        x: Images in [0, 1], or rows of a table.
        labels: The class of each.
        kinds: How they are trained, by the name of their kind.

    Returns:
        The judges by their kind; none if there are too few data of two classes.

    Example:
        >>> train_judges(torch.rand(4, 2), torch.zeros(4).long(), OF_ROWS)
        {}
    """

    counts = labels.bincount() if len(labels) else torch.zeros(1)

    if (counts >= FEWEST).sum() < 2:
        return {}

    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    order = order[(counts[labels] >= FEWEST)[order]][:MOST]
    apart = torch.arange(len(order)) % HELD_OUT == 0
    known, unseen = order[~apart], order[apart]

    return {
        kind: _judge(train(x[known], labels[known]), x[unseen], labels[unseen])
        for kind, train in kinds.items()
    }


def disputed(judges: Mapping[str, Judge], x: Data, labels: Indices) -> Flags:
    """Return of which data no judge that is trusted says the same as others do.

    Args:
        judges: By their kind.
        x: The data.
        labels: What others say, a class for each.

    Returns:
        None of them if no judge is trusted.

    Example:
        >>> judges = {"first": Judge(lambda x: x.flatten(1).argmax(1), 0.9)}
        >>> disputed(judges, torch.eye(2).reshape(2, 1, 1, 2), torch.tensor([0, 0]))
        tensor([False,  True])
    """

    said = [each.takes(x, labels) for each in judges.values() if each.trusted]

    if not said:
        return torch.zeros(len(x), dtype=torch.bool)

    return ~torch.stack(said).any(0)


def _judge(oracle: Oracle, x: Data, labels: Indices) -> Judge:
    right = (oracle(x) == labels).double()

    return Judge(oracle, balanced_accuracy(right, labels))


def _linear_of_pixels(x: Images, labels: Indices) -> Oracle:
    """Fit a linear classifier of the principal components of pixels."""

    from sklearn.decomposition import PCA

    components = min(COMPONENTS, x[0].numel(), len(x) - 1)

    return _linear(x, labels, PCA(components, random_state=0))


def _linear(x: Data, labels: Indices, *first: object) -> Oracle:
    """Fit a linear classifier of standardized numbers, after other steps perhaps."""

    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(*first, StandardScaler(), LogisticRegression())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: its accuracy is measured

        return fitted(model, x, labels)


def _network(x: Images, labels: Indices) -> Oracle:
    """Train a small convolutional network of images of at most 32 pixels a side."""

    how = ClassifierSettings(steps=300, size=64)
    small = LabelledImages(_reduced(x), labels)
    model = classifier_oracle(trained_classifier(small, how, Cache.usual()))

    return lambda images: model(_reduced(images))


def _reduced(images: Images) -> Images:
    height, width = (max(LEAST, min(SIDE, side)) for side in images.shape[2:])

    return adaptive_avg_pool2d(images, (height, width))


OF_IMAGES: Mapping[str, Trainer] = {
    "linear judge of pixels": _linear_of_pixels,
    "small network": _network,
}
OF_ROWS: Mapping[str, Trainer] = {
    "logistic regression": _linear,
    "random forest": partial(forest, trees=TREES),
}
"""How judges of each kind are trained, by the kind's name."""
