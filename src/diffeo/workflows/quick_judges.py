"""A quick judge of images, independent of the model that is audited."""

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from diffeo.shapes import Images

__all__ = ["Judge", "train_judge"]

MOST = 4000  # images that it learns from
FEWEST = 10  # of a class
COMPONENTS = 40
HELD_OUT = 5


@dataclass(frozen=True, eq=False)
class Judge:
    """A linear classifier of the principal components of pixels.

    Args:
        model: It, as scikit-learn has it.
        accuracy: Mean over the classes of its accuracy on images held out from it.

    Example:
        >>> x, labels = torch.rand(60, 1, 4, 4), torch.arange(60) % 2
        >>> x[labels == 1] *= 0.2
        >>> judge = train_judge(x, labels)
        >>> judge.share(x[labels == 1], 1)
        1.0
    """

    model: Any
    accuracy: float

    def share(self, images: Images, label: int) -> float:
        """Return the share of images that it takes for a class."""

        return float((self.model.predict(images.flatten(1).numpy()) == label).mean())


def train_judge(images: Images, labels: Tensor) -> Judge | None:
    """Train a judge within seconds.

    Args:
        images: Images in [0, 1].
        labels: The class of each.

    Returns:
        None if there are too few images of two classes.

    Example:
        >>> train_judge(torch.rand(4, 1, 2, 2), torch.zeros(4).long()) is None
        True
    """

    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    counts = labels.bincount() if len(labels) else torch.zeros(1)

    if (counts >= FEWEST).sum() < 2:
        return None

    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    order = order[(counts[labels] >= FEWEST)[order]][:MOST]
    x, y = images[order].flatten(1).numpy(), labels[order].numpy()
    apart = slice(None, None, HELD_OUT)
    inside = torch.arange(len(order)) % HELD_OUT != 0
    components = min(COMPONENTS, x.shape[1], int(inside.sum()) - 1)
    model = make_pipeline(
        PCA(components, random_state=0), StandardScaler(), LogisticRegression()
    )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: it is measured below
        model.fit(x[inside.numpy()], y[inside.numpy()])
        accuracy = balanced_accuracy_score(y[apart], model.predict(x[apart]))

    return Judge(model, float(accuracy))
