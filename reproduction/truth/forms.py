"""The two forms of every task: the cue decides, or cue and class only correlate."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter

from reproduction.truth.methods import Explained
from reproduction.truth.prepared import Prepared

__all__ = ["FORMS", "Form"]


@dataclass(frozen=True)
class Form:
    """What is explained in a form of the tasks, and how sure the answer shall be.

    Args:
        name: Of the means over all tasks.
        prefix: Before the names of its results.
        explained: From a task to its classifier, and what explains it.
        levels: Levels of confidence, the lowest first.
        confidences: From a task and a level to the probability that is asked for, of
            class 0 and of class 1.
    """

    name: str
    prefix: str
    explained: Callable[[Prepared], Explained]
    levels: tuple[float, ...]
    confidences: Callable[[Prepared, float], tuple[float, float]]


def _same(_: Prepared, level: float) -> tuple[float, float]:
    return level, level


FORMS = (
    Form("decides", "", attrgetter("decides"), (0.99, 0.999, 0.9999), _same),
    Form(
        "correlates", "90_", attrgetter("correlates"), (0.05, 0.2, 0.5), Prepared.sure
    ),
)
"""Levels are probabilities first; then quantiles of those that real images have."""
