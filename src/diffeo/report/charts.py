"""Distributions and courses as shapes that a page can draw: numbers in, places out."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.report.scales import Scale, Tick

__all__ = ["Course", "Histogram", "Lane", "Panel", "course", "histogram"]

BINS = 28
POINTS = 120  # of a line; more cannot be told apart
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Lane:
    """One method's share of a histogram.

    Args:
        name: Of the method.
        heights: Of the bars, from 0 to 100.
        counts: Rows in each bar.
        middle: Where the median lies, from 0 to 100.
        median: The median as text.
    """

    name: str
    heights: tuple[float, ...]
    counts: tuple[int, ...]
    middle: float
    median: str


@dataclass(frozen=True)
class Histogram:
    """How a quantity is distributed over the rows, a lane for each method.

    Args:
        title: What is counted.
        ticks: Of the common axis.
        lanes: Below one another.
    """

    title: str
    ticks: tuple[Tick, ...]
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class Panel:
    """One method's course.

    Args:
        name: Of the method.
        outer: Polygon of the middle 80 % of rows, as SVG points from 0 to 100.
        inner: Polygon of the middle 50 %.
        line: The median.
        ticks: Of the steps.
    """

    name: str
    outer: str
    inner: str
    line: str
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Course:
    """How a quantity runs along the searches, a panel for each method.

    Args:
        title: What is drawn.
        goal: Where the target lies, from the bottom, from 0 to 100.
        ticks: Of the common vertical axis.
        panels: Beside one another.
    """

    title: str
    goal: float
    ticks: tuple[Tick, ...]
    panels: tuple[Panel, ...]


def histogram(title: str, values: Mapping[str, Tensor], scale: Scale) -> Histogram:
    """Count values in bins that all methods share; values that are not finite are not.

    Args:
        title: What is counted.
        values: By method, at least one of them finite.
        scale: Of the axis.
    """

    finite = {name: value[value.isfinite()] for name, value in values.items()}
    places = {name: scale.place(value) for name, value in finite.items()}
    low, high = _range(torch.cat(list(places.values())))
    counts = {
        name: torch.histc(place, BINS, low, high).long()
        for name, place in places.items()
    }
    lanes = tuple(
        _lane(name, counts[name], finite[name], scale, (low, high))
        for name in values
        if len(finite[name])
    )

    return Histogram(title, tuple(scale.ticks(low, high)), lanes)


def _lane(
    name: str, counts: Tensor, values: Tensor, scale: Scale, ends: tuple[float, float]
) -> Lane:
    low, high = ends
    median = values.double().quantile(0.5)
    share = (scale.place(median).item() - low) / (high - low)

    return Lane(
        name,
        tuple(round(value, 2) for value in (100 * counts / counts.max()).tolist()),
        tuple(counts.tolist()),
        round(100 * share, 3),
        f"{median.item():.4g}",
    )


def course(
    title: str,
    paths: Mapping[str, Float[Tensor, "_ _"]],
    goal: float,
    scale: Scale,
    steps: Scale,
) -> Course:
    """Draw quantiles of a quantity along the searches.

    Args:
        title: What is drawn.
        paths: A line of values for each row, by method.
        goal: The value at the target.
        scale: Of the values.
        steps: Of the steps.
    """

    spread = {name: _quantiles(scale.place(path)) for name, path in paths.items()}
    (aim,) = scale.place(torch.tensor([goal], dtype=torch.float64)).tolist()
    every = [levels.flatten() for levels, _ in spread.values()]
    low, high = _range(torch.cat([*every, torch.tensor([aim], dtype=torch.float64)]))
    panels = []

    for name, (levels, last) in spread.items():
        x = torch.linspace(0, 100, levels.shape[1], dtype=torch.float64)
        y = 100 - 100 * (levels - low) / (high - low)
        panels.append(
            Panel(
                name,
                _polygon(x, y[0], y[-1]),
                _polygon(x, y[1], y[-2]),
                _line(x, y[2]),
                tuple(steps.ticks(0.0, float(max(last, 1)))),
            )
        )

    share = (aim - low) / (high - low)

    return Course(
        title, round(100 * share, 3), tuple(scale.ticks(low, high)), tuple(panels)
    )


def _quantiles(places: Tensor) -> tuple[Tensor, int]:
    """Return quantiles over rows at a few steps, and the last step."""

    last = places.shape[1] - 1
    few = torch.linspace(0, last, min(POINTS, last + 1)).round().long()
    levels = torch.tensor(LEVELS, dtype=torch.float64)
    seen = places[:, few].masked_fill(~places[:, few].isfinite(), torch.nan)
    quantiles = seen.nanquantile(levels, dim=0).nan_to_num()

    return quantiles, last


def _range(places: Tensor) -> tuple[float, float]:
    low, high = places.min().item(), places.max().item()

    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _polygon(x: Tensor, low: Tensor, high: Tensor) -> str:
    return f"{_line(x, low)} {_line(x.flip(0), high.flip(0))}"


def _line(x: Tensor, y: Tensor) -> str:
    return " ".join(
        f"{right:.2f},{down:.2f}"
        for right, down in zip(x.tolist(), y.tolist(), strict=True)
    )
