"""The confidence that each method is asked for, chosen on validation images."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from reproduction.experiment import mean
from reproduction.truth.prepared import Prepared
from reproduction.truth.scores import scores

__all__ = ["CONFIDENCES", "Quality", "chosen", "tried"]

CONFIDENCES = 0.99, 0.999, 0.9999
ENOUGH = 0.95  # of the rows name the cue


class Quality(NamedTuple):
    """What a method reaches at a confidence.

    Args:
        named: Share of rows that name the cue.
        no_lie: Share of rows that add no lie.

    Example:
        >>> Quality(0.5, 1.0).no_lie
        1.0
    """

    named: float
    no_lie: float


def chosen(quality: Callable[[float], Quality]) -> float:
    """Return the lowest confidence at which enough rows name the cue.

    If there is none, the one with the most of both qualities.

    Args:
        quality: From a confidence to what a method reaches.

    Example:
        >>> chosen(lambda confidence: Quality(confidence - 0.04, 0.5))
        0.999
    """

    found: dict[float, float] = {}

    for confidence in CONFIDENCES:
        reached = quality(confidence)

        if reached.named >= ENOUGH:
            return confidence

        found[confidence] = sum(reached)

    return max(found, key=found.__getitem__)


def tried(
    prepared: Mapping[str, Prepared], name: str, rows: int
) -> Callable[[float], Quality]:
    """Return what a method reaches on validation images of all tasks.

    Args:
        prepared: The tasks.
        name: The method.
        rows: Images of each class.
    """

    def quality(confidence: float) -> Quality:
        each = [
            _quality(one, name, rows, confidence, start)
            for one in prepared.values()
            for start in (0, 1)
        ]

        return Quality(*(sum(part) / len(each) for part in zip(*each, strict=True)))

    return quality


def _quality(
    one: Prepared, name: str, rows: int, confidence: float, start: int
) -> Sequence[float]:
    x = one.validation.of(start)[:rows]
    record = one.decides.explain(name, x, 1 - start, confidence)
    found = scores(one.task, one.spread, record, start)

    return mean(found["named"]), mean(found["no_lie"])
