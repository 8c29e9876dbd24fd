"""Metrics as a page shows them: plain numbers with intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Mark", "Measure", "Section", "sections"]

ROOM = 0.06  # of the axis, left free at both ends


@dataclass(frozen=True)
class Measure:
    """One metric of one method.

    Args:
        metric: Its name.
        method: Whose counterfactuals, or which control, were judged.
        value: The metric.
        low: End of its interval; NaN where there is none.
        high: Other end of its interval; NaN where there is none.
        higher_is_better: None where neither direction is good in itself.
        how_to_read: A sentence for people.
        control: Whether the method is a yardstick instead of a method.
    """

    metric: str
    method: str
    value: float
    low: float
    high: float
    higher_is_better: bool | None
    how_to_read: str
    control: bool = False


@dataclass(frozen=True)
class Mark:
    """A measure with its place on the metric's axis, from 0 to 100.

    Args:
        measure: What is drawn.
        place: Of the value; None where it is not finite.
        start: Of the interval; None where there is none.
        length: Of the interval.
    """

    measure: Measure
    place: float | None
    start: float | None
    length: float


@dataclass(frozen=True)
class Section:
    """A metric with the marks of all methods.

    Args:
        metric: Its name.
        direction: What is better, in words.
        arrow: The same as a sign.
        how_to_read: A sentence for people.
        marks: In the order given.
    """

    metric: str
    direction: str
    arrow: str
    how_to_read: str
    marks: tuple[Mark, ...]


DIRECTIONS = {
    True: ("higher is better", "↑"),
    False: ("lower is better", "↓"),
    None: ("neither way is better in itself", "↔"),
}


def sections(measures: Sequence[Measure]) -> list[Section]:
    """Group measures by metric, in order of their first appearance."""

    groups: dict[str, list[Measure]] = {}

    for measure in measures:
        groups.setdefault(measure.metric, []).append(measure)

    return [_section(group) for group in groups.values()]


def _section(group: Sequence[Measure]) -> Section:
    first = group[0]
    numbers = [
        number
        for measure in group
        for number in (measure.value, measure.low, measure.high)
        if math.isfinite(number)
    ]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
    width = (high - low) or 1.0
    low, width = low - ROOM * width, (1 + 2 * ROOM) * width
    direction, arrow = DIRECTIONS[first.higher_is_better]
    marks = tuple(_mark(measure, low, width) for measure in group)

    return Section(first.metric, direction, arrow, first.how_to_read, marks)


def _mark(measure: Measure, low: float, width: float) -> Mark:
    def place(number: float) -> float | None:
        share = 100 * (number - low) / width

        return round(share, 3) if math.isfinite(share) else None

    start, end = place(measure.low), place(measure.high)
    known = start is not None and end is not None

    return Mark(
        measure,
        place(measure.value),
        start if known else None,
        round(end - start, 3) if start is not None and end is not None else 0.0,
    )
