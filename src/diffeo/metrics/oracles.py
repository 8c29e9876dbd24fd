"""Independent models that judge counterfactuals."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from sklearn.svm import LinearSVC
from torch import Tensor

from diffeo.shapes import Data, Indices

__all__ = ["Oracle", "agreement", "svm"]

Oracle = Callable[[Data], Indices]


def svm(x: Data, labels: Indices, *, penalty: float = 0.001) -> Oracle:
    """Fit a linear support-vector machine and return its answers as a function.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Oracle".

    Args:
        x: Training data.
        labels: Their classes.
        penalty: Of slack; the smaller, the smoother the weights.
    """

    machine = LinearSVC(C=penalty, dual=False, tol=1e-3)
    machine.fit(x.flatten(1).cpu().double().numpy(), labels.cpu().numpy())

    def oracle(x: Data) -> Indices:
        answers = machine.predict(x.flatten(1).cpu().double().numpy())

        return torch.from_numpy(np.asarray(answers, dtype=np.int64))

    return oracle


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
