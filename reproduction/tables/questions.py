"""What is asked of rows of a table, and how anybody can tell that it was reached."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

__all__ = ["CONFIDENCE", "Ask", "Question", "lower_quartile", "other_class"]

CONFIDENCE = 0.9
ROUNDING = 1e-4  # of a confidence or a bound, in single precision


@dataclass(frozen=True, eq=False)
class Question:
    """Rows to explain, and what the estimator is to answer.

    Args:
        rows: The rows.
        goal: Options of `diffeo explain` that say what is wanted.
        reached: From rows that were found, as many for each one asked, to whether the
            estimator answers so. It asks the estimator anew.
    """

    rows: DataFrame
    goal: Mapping[str, Any]
    reached: Callable[[DataFrame], NDArray[np.bool_]]


Ask = Callable[[Any, DataFrame, int], Question]
"""From an estimator, unseen rows and how many of them are asked to a question."""


def other_class(estimator: Any, unseen: DataFrame, count: int) -> Question:  # noqa: ANN401
    """Ask for the other of two classes.

    Args:
        estimator: A classifier of two classes.
        unseen: Rows that it was not fitted to.
        count: How many of them are asked.
    """

    rows = unseen[:count]
    before = estimator.predict_proba(rows).argmax(1)

    def reached(found: DataFrame) -> NDArray[np.bool_]:
        own = before.repeat(len(found) // len(rows))
        probability = estimator.predict_proba(found)[np.arange(len(found)), 1 - own]

        return np.asarray(probability > CONFIDENCE - ROUNDING)

    return Question(rows, {"target": "other", "confidence": CONFIDENCE}, reached)


def lower_quartile(estimator: Any, unseen: DataFrame, count: int) -> Question:  # noqa: ANN401
    """Ask for the lower quartile of an estimator's answers, of rows that lie above.

    Args:
        estimator: A regressor.
        unseen: Rows that it was not fitted to.
        count: How many of those above are asked, at most.
    """

    answers = estimator.predict(unseen)
    bound = float(np.quantile(answers, 0.25))

    def reached(found: DataFrame) -> NDArray[np.bool_]:
        return np.asarray(estimator.predict(found) <= bound * (1 + ROUNDING))

    return Question(unseen[answers > bound][:count], {"at_most": bound}, reached)
