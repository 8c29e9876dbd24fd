"""Counterfactuals of all methods beside one another."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.gallery import draw_grid

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
    draw_grid(figure, columns)
    figure.tight_layout(pad=0.3)

    return figure
