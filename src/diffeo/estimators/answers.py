"""What an estimator answers, as logits or values."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from diffeo.estimators.cells import Cells
from diffeo.shapes import Data, Outputs

__all__ = ["Answers", "Estimator", "classes_of"]

LEAST = 1e-7  # probability told apart from 0
PROBABILITY, SCORE = "predict_proba", "decision_function"


@runtime_checkable
class Estimator(Protocol):
    """A fitted estimator, as those of scikit-learn and its like are.

    Example:
        >>> from sklearn.linear_model import LinearRegression
        >>> isinstance(LinearRegression(), Estimator)
        True
    """

    def predict(self, x: Any) -> Any:  # noqa: ANN401 - arrays or frames
        """Return a class or a value for each row."""


def classes_of(estimator: object) -> tuple[str, ...]:
    """Return what the classes of an estimator are called; empty for a regressor.

    Example:
        >>> from sklearn.dummy import DummyClassifier
        >>> classes_of(DummyClassifier().fit([[0], [1]], ["no", "yes"]))
        ('no', 'yes')
    """

    return tuple(map(str, getattr(estimator, "classes_", ())))


@dataclass(frozen=True)
class Answers:
    """What an estimator answers to rows of features, without a gradient.

    Args:
        estimator: A fitted estimator.
        cells: How it takes the rows.

    Raises:
        ValueError: If it is a classifier that tells no class's probability or score.

    Example:
        >>> from diffeo.estimators.cells import Cell
        >>> from sklearn.linear_model import LinearRegression
        >>> fitted = LinearRegression().fit([[1.0], [2.0]], [2.0, 4.0])
        >>> Answers(fitted, Cells((Cell("x", 0, decimals=0),)))(torch.ones(1, 1))
        tensor([[2.]])
    """

    estimator: Any
    cells: Cells

    def __post_init__(self) -> None:
        if self.is_of_classes and not (self._way(PROBABILITY) or self._way(SCORE)):
            raise ValueError(
                "a classifier must have predict_proba or decision_function, got "
                f"{type(self.estimator).__name__}"
            )

    @property
    def is_of_classes(self) -> bool:
        """Whether the answers are logits."""

        return bool(classes_of(self.estimator))

    def __call__(self, x: Data) -> Outputs:
        """Return logits of shape (rows, classes), or values of shape (rows, 1).

        Raises:
            ValueError: If the estimator fails, as at a category that it has not seen.
        """

        rows = self.cells.read(x)

        try:
            found = self._ask(rows)
        except Exception as error:
            raise ValueError(
                f"the model failed on rows of the table: {type(error).__name__}: "
                f"{error}"
            ) from error

        return torch.from_numpy(found).to(x)

    def _way(self, name: str) -> Any:  # noqa: ANN401 - a method, or None
        return getattr(self.estimator, name, None)

    def _ask(self, rows: Any) -> Any:  # noqa: ANN401 - arrays
        if not self.is_of_classes:
            values = np.asarray(self.estimator.predict(rows), float)

            return values.reshape(len(rows), -1)

        if probability := self._way(PROBABILITY):
            return np.log(np.clip(probability(rows), LEAST, 1 - LEAST))

        score = np.asarray(self._way(SCORE)(rows), float)

        return np.stack((0 * score, score), axis=1) if score.ndim == 1 else score
