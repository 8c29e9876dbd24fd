"""A metric as a part: what it measures, and how it is to be read."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from diffeo.evaluation.controls import Subject
from diffeo.evaluation.intervals import Statistic, mean
from diffeo.shapes import Indices, Scores

__all__ = ["Better", "Metric", "by_class"]


class Better(StrEnum):
    """Which way of a metric is the better one."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True)
class Metric:
    """A number for each row, and what becomes of the rows.

    Args:
        name: As results have it.
        better: Which way is better.
        reading: A sentence on how to read it.
        measure: A number for each row; not a number where there is none.
        statistic: Of the rows.
        failures: Whether rows that did not reach their target count too.
    """

    name: str
    better: Better
    reading: str
    measure: Callable[[Subject], Scores]
    statistic: Statistic = mean
    failures: bool = False

    def __call__(self, subject: Subject) -> Scores:
        """Return a number for each row; not a number for rows that are not judged."""

        scores = self.measure(subject).double()
        counted = torch.ones_like(subject.judged) if self.failures else subject.judged

        return torch.where(counted, scores, torch.nan)


def by_class(labels: Indices, rule: Callable[[int, Tensor], Scores]) -> Scores:
    """Return what a rule finds for the rows of each class.

    Args:
        labels: The class of each row.
        rule: From a class and the indices of its rows to a number for each of them.
    """

    scores = torch.zeros(len(labels), dtype=torch.float64)

    for label in labels.unique().tolist():
        rows = (labels == label).nonzero()[:, 0]
        scores[rows] = rule(label, rows).double()

    return scores
