"""Figures that several experiments draw."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from diffeo.geometry.spectrum import average_spectrum
from diffeo.report.figures import COLORS
from diffeo.report.images import as_picture, sheet
from diffeo.report.spectrum_figures import spectrum_figure
from diffeo.shapes import Images
from diffeo.workflows.spectrum import Spectra

__all__ = ["Array", "box_plot", "saved", "spectra_figure", "stacked_sheets"]

ACROSS = 10  # images in a row of a sheet
Array = npt.NDArray[np.float64]


def saved(figure: Callable[[], Figure]) -> Callable[[Path], None]:
    """Return a function that draws a figure and writes it to a path."""

    return lambda path: figure().savefig(path, dpi=150)


def box_plot(
    values: Mapping[str, Array], label: str, colors: Sequence[str] = COLORS
) -> Figure:
    """Draw how values are distributed, a box for each name.

    Args:
        values: Values by name.
        label: What the values are.
        colors: Colors of the boxes, in turn.
    """

    figure = Figure(figsize=(7.0, 0.9 + 0.45 * len(values)), layout="constrained")
    axes = figure.subplots()
    drawn = axes.boxplot(
        list(values.values()),
        orientation="horizontal",
        tick_labels=list(values),
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        widths=0.6,
        medianprops={"color": "black", "linewidth": 2},
    )

    for color, box in zip(cycle(colors), drawn["boxes"], strict=False):
        box.set_facecolor(color)
        box.set_alpha(0.7)

    axes.set_ylim(len(values) + 0.5, 0.3)
    axes.set_xlabel(f"{label}\nbox: middle half, line: median, whiskers: 5 % to 95 %")
    axes.grid(axis="x", alpha=0.3)

    return figure


def spectra_figure(found: Mapping[str, Spectra]) -> Figure:
    """Draw the average spectrum of each kind, as Figure 7 does.

    Args:
        found: Spectra by kind.
    """

    return spectrum_figure(
        {
            name: average_spectrum(values).double().numpy()
            for name, values in found.items()
        }
    )


def stacked_sheets(images: Mapping[str, Images], count: int) -> Figure:
    """Draw the first images of each kind in rows, the kinds one below the other.

    Args:
        images: Images by kind, as many as fill a row.
        count: Images of each kind, of which those that fill no row are left out.
    """

    across = min(ACROSS, *map(len, images.values()))
    down = min(count, *map(len, images.values())) // across
    size = 0.6 * across, len(images) * (0.6 * down + 0.25)
    figure = Figure(figsize=size, layout="constrained")
    plots = figure.subplots(len(images), squeeze=False)[:, 0]

    for axes, (name, kind) in zip(plots, images.items(), strict=True):
        axes.imshow(as_picture(sheet(kind[: down * across], across=across)))
        axes.set_title(name, loc="left", fontsize=8)
        axes.set_axis_off()

    return figure
