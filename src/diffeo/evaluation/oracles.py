"""Independent models that judge counterfactuals."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import LinearSVC
from torch import Tensor, nn

from diffeo.batching import batches_of
from diffeo.shapes import Data, Indices, Model

__all__ = [
    "LinearMachine",
    "Oracle",
    "agreement",
    "answers",
    "consensus",
    "forest",
    "svm",
]

Oracle = Callable[[Data], Indices]


class LinearMachine(nn.Module):
    """Answer with the class whose plane a row is farthest above.

    Args:
        classes: How many.
        size: Numbers in a row.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, classes: int, size: int) -> None:
        super().__init__()
        double = torch.float64
        self.register_buffer("weight", torch.zeros(classes, size, dtype=double))
        self.register_buffer("bias", torch.zeros(classes, dtype=double))

    def forward(self, x: Data) -> Indices:
        """Return the class of each row."""

        heights: Tensor = x.flatten(1).double() @ self.weight.T + self.bias

        return heights.argmax(1)


def svm(x: Data, labels: Indices, *, penalty: float = 0.001) -> LinearMachine:
    """Fit a linear support-vector machine, one class against the rest.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Oracle".

    Args:
        x: Training data.
        labels: Their classes, at least two of them.
        penalty: Of slack; the smaller, the smoother the weights.
    """

    machine = LinearSVC(C=penalty, dual=False, tol=1e-3)
    machine.fit(x.flatten(1).cpu().double().numpy(), labels.cpu().numpy())

    weight, bias = torch.from_numpy(machine.coef_), torch.from_numpy(machine.intercept_)

    if len(machine.classes_) == 2:  # of two classes there is only the second's plane
        weight, bias = torch.cat((-weight, weight)), torch.cat((-bias, bias))

    known = torch.from_numpy(machine.classes_)
    fitted = LinearMachine(int(known.max()) + 1, weight.shape[1])
    fitted.bias.fill_(-torch.inf)  # a class without data is no answer
    fitted.weight[known], fitted.bias[known] = weight, bias

    return fitted


def agreement(
    oracle: Oracle, x: Data, target: int | Indices
) -> Float[Tensor, " batch"]:
    """Return 1 where the oracle says the target, else 0.

    Args:
        oracle: An independent model.
        x: Counterfactuals.
        target: A class, or one for each row.
    """

    return (oracle(x) == target).float()


def forest(x: Data, labels: Indices, *, trees: int = 100, seed: int = 0) -> Oracle:
    """Fit a random forest and return its answers as a function.

    Source: Breiman, 2001, Random forests.

    Args:
        x: Training data.
        labels: Their classes.
        trees: How many.
        seed: Of the draws of rows and of pixels.
    """

    machine = RandomForestClassifier(trees, random_state=seed)
    machine.fit(x.flatten(1).cpu().numpy(), labels.cpu().numpy())

    def oracle(x: Data) -> Indices:
        found = machine.predict(x.flatten(1).cpu().numpy())

        return torch.from_numpy(np.asarray(found, dtype=np.int64))

    return oracle


def answers(model: Model) -> Oracle:
    """Return the answers of an independent classifier as a function.

    Args:
        model: From data to a logit for each class, or a single one.
    """

    @torch.no_grad()
    def oracle(x: Data) -> Indices:
        outputs = torch.cat([model(rows) for rows in batches_of(x)])
        single = outputs.ndim == 1 or outputs.shape[1] == 1

        return (outputs.reshape(-1) > 0).long() if single else outputs.argmax(1)

    return oracle


def consensus(
    oracles: Sequence[Oracle], x: Data, target: int | Indices
) -> Float[Tensor, " batch"]:
    """Return the share of several oracles that say the target.

    What turns one model's answer but not that of others, trained otherwise, is that
    model's own weakness.

    Args:
        oracles: Models independent of the one explained, and of each other.
        x: Counterfactuals.
        target: A class, or one for each row.

    Raises:
        ValueError: If there is no oracle.
    """

    if not oracles:
        raise ValueError("oracles must be at least one, got none")

    return torch.stack([agreement(each, x, target) for each in oracles]).mean(0)
