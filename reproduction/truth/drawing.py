"""Counterfactuals of all methods beside one another."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.images import as_picture

__all__ = ["drawn"]

SIDE = 0.9  # inches of a picture


def drawn(found: Mapping[str, Counterfactuals]) -> Figure:
    """Draw factuals, one below the other, each with what methods made of it.

    Args:
        found: Counterfactuals of the same images, by method.
    """

    factual = next(iter(found.values())).factual
    columns = {"factual": factual} | {
        name: record.counterfactual for name, record in found.items()
    }
    figure = Figure((SIDE * len(columns), SIDE * len(factual) + 0.3), dpi=150)
    axes = figure.subplots(len(factual), len(columns), squeeze=False)
    pictures = torch.stack(list(columns.values()), 1)

    for line, row in zip(axes, pictures, strict=True):
        for axis, picture in zip(line, row, strict=True):
            axis.imshow(as_picture(picture), cmap="gray", vmin=0, vmax=255)
            axis.set_axis_off()

    for axis, name in zip(axes[0], columns, strict=True):
        axis.set_title(name, fontsize=8)

    figure.tight_layout(pad=0.3)

    return figure
