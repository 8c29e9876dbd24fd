"""Charts of counterfactuals, for pages and for papers."""

import io
import math
import re
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import torch
from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals, SearchPath
from diffeo.report.output_text import output_text
from diffeo.report.report import Measure

__all__ = [
    "COLORS",
    "STYLE",
    "along_path",
    "course",
    "histograms",
    "intervals",
    "svg",
]

COLORS = ("#0072b2", "#d55e00", "#00805f", "#a84a84", "#8a6100", "#1f7fae")
INK, SOFT, LINE = "#1b1f24", "#57606a", "#d8dde3"
STYLE: dict[Any, Any] = {
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.prop_cycle": cycler(color=COLORS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9,
    "figure.constrained_layout.use": True,
    "figure.titlesize": 10,
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "diffeo",
    "text.parse_math": False,  # names may hold dollar signs
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}
WIDTH = 4.5  # inches of a chart
BINS = 28
POINTS = 120  # of a line; more cannot be told apart
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
NOTHING = torch.tensor(torch.nan)
EDGE = 1e-7  # probabilities nearer to 0 or 1 are drawn here: single precision ends
WITHIN_PAGE = re.compile(r' (xmlns(:xlink)?|version)="[^"]*"| id="[\w.]+_\d+"')
STEP_MARKS = (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
MARKS = (1e-6, 1e-4, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999, 0.999999)


@rc_context(STYLE)
def along_path(
    records: Mapping[str, Counterfactuals], colors: Sequence[str] = COLORS
) -> Figure:
    """Draw how the rows come closer to their target, a panel for each record.

    The line is the median of the rows, the bands are their middle 50 % and 80 %. A row
    that has ended stays where it ended. Steps are drawn by the logarithm of 1 + step,
    so that one slow row does not hide the others.

    Args:
        records: With their paths, by the name of their method.
        colors: Colors of the records, used again if there are more.

    Example:
        >>> from diffeo import Identity, Run, TargetClass, search
        >>> x, place = torch.ones(2, 1, 4, 4), Identity((1, 4, 4))
        >>> goal, run = TargetClass(1), Run(path=True)
        >>> record = search(x, lambda x: x.flatten(1)[:, :2], goal, place, run=run)
        >>> along_path({"in the data": record}).axes[0].get_ylabel()
        'confidence'
    """

    figure = Figure(figsize=(WIDTH * len(records), 2.8))
    plots = figure.subplots(1, len(records), squeeze=False)[0]

    for axes, color, name in zip(plots, cycle(colors), records, strict=False):
        _draw_path(axes, records[name].to("cpu"), color)
        axes.set_title(name)

    return figure


def _draw_path(axes: Axes, record: Counterfactuals, color: str) -> None:
    text = output_text(record)
    last = max(int(path.steps[-1]) for path in record.paths)
    steps = torch.linspace(0, math.log1p(last), POINTS).expm1().round().long().unique()
    margins = torch.stack([_margin_at(path, steps) for path in record.paths])
    values = _on_axis(text.along(margins), text.is_probability)
    values = values.masked_fill(~values.isfinite(), torch.nan)
    levels = values.nanquantile(torch.tensor(LEVELS, dtype=values.dtype), dim=0)
    needed = _on_axis(text.along(torch.tensor(0.0)), text.is_probability).item()

    axes.fill_between(steps, levels[0], levels[4], color=color, alpha=0.15, lw=0)
    axes.fill_between(steps, levels[1], levels[3], color=color, alpha=0.3, lw=0)
    axes.plot(steps, levels[2], color=color, lw=2)
    axes.axhline(needed, color=INK, ls="--", lw=1)
    axes.set(xlabel="step", ylabel=text.along_quantity, xlim=(0, max(last, 1)))
    axes.set_xscale("function", functions=(np.log1p, np.expm1))
    marks = [mark for mark in STEP_MARKS if mark <= max(last, 1)]
    axes.set_xticks(marks, [str(mark) for mark in marks])

    if text.is_probability:
        _mark_probabilities(axes.yaxis)


def _margin_at(path: SearchPath, steps: Tensor) -> Tensor:
    """Return the margin of a row at some steps: the last one after its path ends."""

    return path.margin[torch.searchsorted(path.steps, steps, right=True) - 1]


@rc_context(STYLE)
def histograms(
    label: str, values: Mapping[str, Tensor], *, probability: bool = False
) -> Figure:
    """Draw how a quantity is distributed over rows, a lane for each method.

    Values that are not finite are left out; the vertical line is the median.

    Args:
        label: Name of the quantity.
        values: A number for each row, by method; NaN where it is not known.
        probability: Whether to draw log-odds, so that values near 0 and 1 stay apart.

    Example:
        >>> len(histograms("steps", {"a": torch.arange(5), "b": torch.ones(3)}).axes)
        2
    """

    finite = {
        name: value[value.isfinite()].double().cpu() for name, value in values.items()
    }
    every = _on_axis(torch.cat(list(finite.values())), probability)
    ends = (every.min().item(), every.max().item()) if len(every) else (0.0, 0.0)
    figure = Figure(figsize=(WIDTH, 0.6 + 0.7 * len(finite)))
    lanes = figure.subplots(len(finite), 1, sharex=True, squeeze=False)[:, 0]

    for axes, color, name in zip(lanes, cycle(COLORS), finite, strict=False):
        median = finite[name].quantile(0.5) if len(finite[name]) else NOTHING
        places = _on_axis(finite[name], probability)
        counts = np.histogram(places, BINS, range=ends)
        axes.stairs(*counts, fill=True, color=color, alpha=0.75)
        axes.axvline(_on_axis(median, probability), color=INK, lw=1.5)
        axes.set_title(f"{name}, median {median:.4g}", loc="left")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)

    figure.suptitle(label, x=0.01, horizontalalignment="left")

    if probability:
        _mark_probabilities(lanes[-1].xaxis)

    return figure


@rc_context(STYLE)
def intervals(measures: Sequence[Measure]) -> Figure:
    """Draw what a metric says of several methods: a dot, and a line for its interval.

    Controls are hollow.

    Args:
        measures: Of one metric.

    Example:
        >>> ours = Measure("ssim", "ours", 0.8, 0.7, 0.9, True, "How alike.")
        >>> [text.get_text() for text in intervals([ours]).axes[0].texts]
        ['0.8  (0.7 to 0.9)']
    """

    figure = Figure(figsize=(WIDTH, 0.4 + 0.24 * len(measures)))
    axes = figure.subplots()
    axes.set_yticks(range(len(measures)), [measure.method for measure in measures])
    axes.set_ylim(len(measures) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=LINE)
    axes.set_axisbelow(True)

    for place, measure in enumerate(measures):
        color, fill, ink = (
            (SOFT, "white", SOFT) if measure.control else (COLORS[0], COLORS[0], INK)
        )
        axes.plot([measure.low, measure.high], [place] * 2, color=color, lw=1.5)
        axes.plot(measure.value, place, "o", color=color, markerfacecolor=fill)
        beside = axes.get_yaxis_transform()
        axes.text(
            1.03, place, _numbers(measure), color=ink, transform=beside, va="center"
        )

    return figure


@rc_context(STYLE)
def course(values: Sequence[float], label: str) -> Figure:
    """Draw how a figure changes from pass to pass of a training.

    Args:
        values: The figure after each pass.
        label: What it is.

    Example:
        >>> course([3.0, 2.5], "bits").axes[0].get_xlabel()
        'passes over the data'
    """

    figure = Figure(figsize=(WIDTH, 2.4))
    axes = figure.subplots()
    axes.plot(range(1, len(values) + 1), values, marker=".")
    axes.set(xlabel="passes over the data", ylabel=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    return figure


def _numbers(measure: Measure) -> str:
    if not math.isfinite(measure.value):
        return "–"

    if not math.isfinite(measure.high - measure.low):
        return f"{measure.value:.3g}"

    return f"{measure.value:.3g}  ({measure.low:.3g} to {measure.high:.3g})"


@rc_context(STYLE)
def svg(figure: Figure) -> str:
    """Return a figure as text that a page can hold: the same for the same figure.

    The backgrounds of the figure stay hidden.

    Example:
        >>> svg(Figure())[:4]
        '<svg'
    """

    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))

    parts: list[Figure | SubFigure | Axes] = [figure, *figure.subfigs, *figure.axes]

    for part in parts:
        part.patch.set_visible(False)

    canvas = FigureCanvasSVG(figure)  # savefig would draw all twice
    canvas.print_svg(buffer, metadata=nothing)  # type: ignore[no-untyped-call]
    drawing = buffer.getvalue()

    return WITHIN_PAGE.sub("", drawing[drawing.index("<svg") :])


def _on_axis(values: Tensor, probability: bool) -> Tensor:  # noqa: FBT001
    return torch.logit(values.double().clamp(EDGE, 1 - EDGE)) if probability else values


def _mark_probabilities(axis: Axis) -> None:
    """Label log-odds by well-known probabilities, or round ones if few of them lie."""

    low, high = torch.sigmoid(torch.tensor(axis.get_view_interval())).tolist()
    marks = [mark for mark in MARKS if low <= mark <= high]

    if len(marks) < 2:
        round_ones = MaxNLocator(4).tick_values(low, high)
        marks = [mark for mark in round_ones if low <= mark <= high]

    odds = [math.log(mark / (1 - mark)) for mark in marks]
    axis.set_ticks(odds, [f"{mark:.6g}" for mark in marks])
