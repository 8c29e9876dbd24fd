"""Figures of the columns of tables: real ones beside those that a flow makes up."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from diffeo.columns import Column
from diffeo.data.features import split_columns
from diffeo.report.figures import COLORS, STYLE
from diffeo.shapes import Data

__all__ = ["columns_figure", "correlations_figure"]

Others = Float[Tensor, "others features"]

ACROSS = 4  # columns of the table beside each other
NAMED = 24  # features whose names fit beside a map
BINS = 24
LANES = "table", "samples"


@rc_context(STYLE)
def columns_figure(
    columns: Sequence[Column],
    real: Data,
    samples: Others,
    names: tuple[str, str] = LANES,
) -> Figure:
    """Draw how often each number, or category, is in a table and in samples of a flow.

    Args:
        columns: Some columns.
        real: Their features in the table, in the order of the columns.
        samples: The same of samples, or of other rows.
        names: What both are called.

    Example:
        >>> x = torch.rand(9, 1)
        >>> columns_figure([Column("age")], x, x).axes[0].get_title(loc="left")
        'age'
    """

    rows = math.ceil(len(columns) / ACROSS)
    figure = Figure(figsize=(9.0, 0.4 + 1.7 * rows))
    places = figure.subplots(rows, ACROSS, squeeze=False).flatten()
    parts = zip(
        *(split_columns(x.cpu(), columns) for x in (real, samples)), strict=True
    )

    for axes, column, pair in zip(places, columns, parts, strict=False):
        _draw(axes, column, [part.double().numpy() for part in pair], names)
        axes.set_title(column.name, loc="left")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)

    for axes in places[len(columns) :]:
        axes.set_axis_off()

    figure.legend(
        *places[0].get_legend_handles_labels(), loc="outside upper right", ncols=2
    )

    return figure


def _draw(
    axes: Axes, column: Column, pair: Sequence[np.ndarray], names: tuple[str, str]
) -> None:
    styles = zip(pair, names, COLORS, strict=False)

    if column.categories:
        at = np.arange(len(column.categories))

        for shift, (x, label, color) in zip((-0.2, 0.2), styles, strict=True):
            axes.bar(at + shift, x.mean(0), 0.4, label=label, color=color)

        axes.set_xticks(at, [text[:8] for text in column.categories], rotation=90)

        return

    bins = np.linspace(column.low, column.high, BINS + 1)

    for x, label, color in styles:
        share = np.full(len(x), 1 / len(x))
        axes.hist(
            x[:, 0],
            bins.tolist(),
            weights=share,
            histtype="step",
            label=label,
            color=color,
        )


@rc_context(STYLE)
def correlations_figure(names: Sequence[str], real: Data, samples: Others) -> Figure:
    """Draw how features go together in a table and in samples of a flow.

    Args:
        names: What the features are called, in order.
        real: The features of the table.
        samples: Those of samples.

    Example:
        >>> x = torch.rand(9, 2)
        >>> len(correlations_figure(["age", "height"], x, x).axes)
        3
    """

    figure = Figure(figsize=(9.0, 4.4))
    plots = figure.subplots(1, 2, sharey=True)
    shown = None

    for axes, x, label in zip(plots, (real, samples), LANES, strict=True):
        correlations = torch.corrcoef(x.cpu().double().T).reshape(len(names), -1)
        shown = axes.imshow(correlations.numpy(), cmap="RdBu_r", vmin=-1, vmax=1)
        axes.set_title(label, loc="left")

        if len(names) <= NAMED:
            axes.set_xticks(range(len(names)), names, rotation=90)
            axes.set_yticks(range(len(names)), names)
        else:
            axes.set(xlabel="feature", ylabel="feature")

    if shown is not None:
        figure.colorbar(shown, ax=plots, label="correlation", shrink=0.8)

    return figure
