"""Models that are independent of the one explained."""

from collections.abc import Callable

import torch
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.svm import LinearSVC
from torch import Tensor, nn

from diffeo.batching import batches_of
from diffeo.evaluation.reference import Labels
from diffeo.shapes import Data, Indices, Model, Outputs

__all__ = [
    "LinearClassifier",
    "Oracle",
    "classifier_oracle",
    "forest",
    "predicted_class",
    "svm",
]

Oracle = Callable[[Data], Labels]
"""From data to the class, or value, of each row."""


class LinearClassifier(nn.Module):
    """Answer with the class whose plane a row is farthest above, on the processor.

    Args:
        classes: Number of classes.
        size: Number of entries of a row.

    Example:
        >>> LinearClassifier(classes=1, size=4)(torch.zeros(2, 1, 2, 2))
        tensor([0, 0])
    """

    def __init__(self, classes: int, size: int) -> None:
        super().__init__()
        self.planes = nn.Linear(size, classes, dtype=torch.float64)

    def forward(self, x: Data) -> Indices:
        """Return the class of each row."""

        heights: Tensor = self.planes(x.flatten(1).cpu().double())

        return heights.argmax(1).to(x.device)


@torch.no_grad()
def svm(x: Data, labels: Indices, *, penalty: float = 0.001) -> LinearClassifier:
    """Fit a linear support-vector machine, one class against the rest.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Oracle".

    Args:
        x: Training data.
        labels: Their classes, at least two different ones.
        penalty: Weight of the slack; the smaller, the smoother the planes.

    Example:
        >>> x = torch.tensor([[-1.0, 0.0], [1.0, 0.0]])
        >>> svm(x, torch.tensor([0, 1]))(x)
        tensor([0, 1])
    """

    machine = LinearSVC(C=penalty, dual=False, tol=1e-3)
    machine.fit(x.flatten(1).cpu().double().numpy(), labels.cpu().numpy())

    weight, bias = torch.from_numpy(machine.coef_), torch.from_numpy(machine.intercept_)

    if len(machine.classes_) == 2:  # of two classes there is only the second's plane
        weight, bias = torch.cat((-weight, weight)), torch.cat((-bias, bias))

    known = torch.from_numpy(machine.classes_)
    fitted = LinearClassifier(int(known.max()) + 1, weight.shape[1])
    fitted.planes.bias.fill_(-torch.inf)  # a class without data is never answered
    fitted.planes.weight[known], fitted.planes.bias[known] = weight, bias

    return fitted


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
    machine = kinds[labels.is_floating_point()](trees, random_state=0)
    machine.fit(x.flatten(1).cpu().numpy(), labels.cpu().numpy())

    def oracle(x: Data) -> Labels:
        found = torch.from_numpy(machine.predict(x.flatten(1).cpu().numpy()))

        return found.to(x.device, labels.dtype)

    return oracle


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


def predicted_class(outputs: Outputs) -> Indices:
    """Return the class that a classifier answers.

    Args:
        outputs: Logits of shape (batch, classes); or single ones, of class 1 against
            class 0.

    Example:
        >>> predicted_class(torch.tensor([[0.1, 0.9], [0.8, 0.2]]))
        tensor([1, 0])
    """

    single = outputs.ndim == 1 or outputs.shape[1] == 1

    return (outputs.reshape(-1) > 0).long() if single else outputs.argmax(1)
