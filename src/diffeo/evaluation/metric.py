"""A metric as a part: what it measures, and how it is to be read."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.intervals import Statistic, mean
from diffeo.evaluation.judges import Judges
from diffeo.shapes import Indices, Scores

__all__ = ["Better", "Metric", "RowRule", "by_class", "metric"]

RowRule = Callable[[Counterfactuals, Judges], Scores]


class Better(StrEnum):
    """Which way of a metric is the better one.

    Example:
        >>> Better("lower") is Better.LOWER
        True
    """

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True)
class Metric:
    """A number for each row, the statistic of the rows, and how to read it.

    See `metric` for an example.

    Args:
        name: Name in results and tables.
        better: Which way is better.
        reading: A sentence on how to read it.
        measure: From a record and the judges to a number for each row; NaN where there
            is none, and in all rows where the metric does not apply.
        statistic: Statistic of the rows.
        failures: Whether rows that did not reach their target count too.

    Example:
        >>> Metric("gray", Better.HIGHER, "Gray value.", lambda record, _: ...).failures
        False
    """

    name: str
    better: Better
    reading: str
    measure: RowRule
    statistic: Statistic = mean
    failures: bool = False


def metric(
    better: Better, statistic: Statistic = mean, *, failures: bool = False
) -> Callable[[RowRule], Metric]:
    """Make a metric of a function; its name and first line become the metric's.

    Args:
        better: Which way is better.
        statistic: Statistic of the rows.
        failures: Whether rows that did not reach their target count too.

    Example:
        >>> @metric(Better.HIGHER)
        ... def gray_mean(record: Counterfactuals, judges: Judges) -> Scores:
        ...     '''Mean gray value.'''
        ...     return record.counterfactual.flatten(1).mean(1)
        >>> gray_mean.name, gray_mean.reading
        ('gray_mean', 'Mean gray value.')
    """

    def decorate(measure: RowRule) -> Metric:
        reading = (measure.__doc__ or "").split("\n")[0]

        return Metric(measure.__name__, better, reading, measure, statistic, failures)

    return decorate


def by_class(labels: Indices, rule: Callable[[int, Tensor], Scores]) -> Scores:
    """Return what a rule finds for the rows of each class, on the processor.

    Args:
        labels: The class of each row.
        rule: From a class and the indices of its rows to a number for each of them.

    Example:
        >>> by_class(torch.tensor([7, 0, 7]), lambda label, rows: 10.0 * label + rows)
        tensor([70.,  1., 72.], dtype=torch.float64)
    """

    scores = torch.zeros(len(labels), dtype=torch.float64)

    for label in labels.unique().tolist():
        rows = (labels == label).nonzero()[:, 0]
        scores[rows.cpu()] = rule(label, rows).cpu().double()

    return scores
