"""Quick judges of images, independent of the model that is audited."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import ClassifierSettings, trained_classifier
from diffeo.evaluation.oracles import Oracle, classifier_oracle
from diffeo.shapes import Flags, Images, Indices
from diffeo.workflows.train_classifier import balanced_accuracy

__all__ = ["KINDS", "WEAK", "Judge", "disputed", "train_judges"]

MOST = 4000  # images that they learn from
FEWEST = 10  # of a class
COMPONENTS = 40
HELD_OUT = 5
SIDE, LEAST = 32, 4  # pixels a side that the network sees at most and at least
WEAK = 0.7  # accuracy below which a judge says nothing


@dataclass(frozen=True, eq=False)
class Judge:
    """A classifier that has learned from other images than those it judges.

    Args:
        oracle: From images to their classes.
        accuracy: Mean over the classes of its accuracy on images held out from it.

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

    def takes(self, images: Images, labels: Indices) -> Flags:
        """Return whether it takes each image for its class."""

        return self.oracle(images) == labels


def train_judges(images: Images, labels: Indices) -> dict[str, Judge]:
    """Train a judge of each kind, within seconds.

    Args:
        images: Images in [0, 1].
        labels: The class of each.

    Returns:
        The judges by their kind; none if there are too few images of two classes.

    Example:
        >>> train_judges(torch.rand(4, 1, 2, 2), torch.zeros(4).long())
        {}
    """

    counts = labels.bincount() if len(labels) else torch.zeros(1)

    if (counts >= FEWEST).sum() < 2:
        return {}

    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    order = order[(counts[labels] >= FEWEST)[order]][:MOST]
    apart = torch.arange(len(order)) % HELD_OUT == 0
    known, unseen = (
        LabelledImages(images[rows], labels[rows])
        for rows in (order[~apart], order[apart])
    )

    return {kind: _judge(train(known), unseen) for kind, train in KINDS.items()}


def disputed(judges: Mapping[str, Judge], images: Images, labels: Indices) -> Flags:
    """Return of which images no judge that is trusted says the same as others do.

    Args:
        judges: By their kind.
        images: Images in [0, 1].
        labels: What others say, a class for each.

    Returns:
        None of them if no judge is trusted.

    Example:
        >>> judges = {"first": Judge(lambda x: x.flatten(1).argmax(1), 0.9)}
        >>> disputed(judges, torch.eye(2).reshape(2, 1, 1, 2), torch.tensor([0, 0]))
        tensor([False,  True])
    """

    said = [each.takes(images, labels) for each in judges.values() if each.trusted]

    if not said:
        return torch.zeros(len(images), dtype=torch.bool)

    return ~torch.stack(said).any(0)


def _judge(oracle: Oracle, unseen: LabelledImages) -> Judge:
    right = (oracle(unseen.images) == unseen.labels).double()

    return Judge(oracle, balanced_accuracy(right, unseen.labels))


def _linear(known: LabelledImages) -> Oracle:
    """Fit a linear classifier of the principal components of pixels."""

    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x = known.images.flatten(1).numpy()
    components = min(COMPONENTS, x.shape[1], len(x) - 1)
    model = make_pipeline(
        PCA(components, random_state=0), StandardScaler(), LogisticRegression()
    )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: its accuracy is measured
        model.fit(x, known.labels.numpy())

    def oracle(images: Images) -> Tensor:
        return torch.from_numpy(model.predict(images.flatten(1).numpy())).long()

    return oracle


def _network(known: LabelledImages) -> Oracle:
    """Train a small convolutional network of images of at most 32 pixels a side."""

    how = ClassifierSettings(steps=300, size=64)
    small = LabelledImages(_reduced(known.images), known.labels)
    model = classifier_oracle(trained_classifier(small, how, Cache.usual()))

    return lambda images: model(_reduced(images))


def _reduced(images: Images) -> Images:
    height, width = (max(LEAST, min(SIDE, side)) for side in images.shape[2:])

    return adaptive_avg_pool2d(images, (height, width))


KINDS: Mapping[str, Callable[[LabelledImages], Oracle]] = {
    "linear judge of pixels": _linear,
    "small network": _network,
}
"""How judges of each kind are trained, by the kind's name."""
