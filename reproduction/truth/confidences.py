"""The confidence that each method is asked for, chosen on validation images."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from reproduction.experiment import mean
from reproduction.truth.forms import Form
from reproduction.truth.prepared import Prepared
from reproduction.truth.scores import scores

__all__ = ["Shares", "chosen", "tried"]

ENOUGH = 0.95  # of the rows name the cue


class Shares(NamedTuple):
    """What a method reaches at a level of confidence.

    Args:
        named: Share of rows that name the cue.
        no_lie: Share of rows that add no lie.

    Example:
        >>> Shares(0.5, 1.0).no_lie
        1.0
    """

    named: float
    no_lie: float


def chosen(levels: Sequence[float], reached: Callable[[float], Shares]) -> float:
    """Return the lowest level at which enough rows name the cue.

    If there is none, the one at which both shares together are greatest.

    Args:
        levels: The levels, the lowest first.
        reached: From a level to what a method reaches.

    Example:
        >>> chosen((0.98, 0.99, 0.999), lambda level: Shares(level - 0.04, 0.5))
        0.99
    """

    found: dict[float, float] = {}

    for level in levels:
        shares = reached(level)

        if shares.named >= ENOUGH:
            return level

        found[level] = sum(shares)

    return max(found, key=found.__getitem__)


def tried(
    prepared: Mapping[str, Prepared], form: Form, name: str, rows: int
) -> Callable[[float], Shares]:
    """Return what a method reaches on validation images of all tasks.

    Args:
        prepared: The tasks.
        form: The form of the tasks.
        name: The method.
        rows: Images of each class.
    """

    def reached(level: float) -> Shares:
        each = [
            _reached(one, form, name, rows, level, start)
            for one in prepared.values()
            for start in (0, 1)
        ]

        return Shares(*(sum(part) / len(each) for part in zip(*each, strict=True)))

    return reached


def _reached(
    one: Prepared, form: Form, name: str, rows: int, level: float, start: int
) -> Sequence[float]:
    x = one.validation.of(start)[:rows]
    confidence = form.confidences(one, level)[1 - start]
    record = form.explained(one).explain(name, x, 1 - start, confidence)
    found = scores(one.task, one.spread, record, start)

    return mean(found["named"]), mean(found["no_lie"])
