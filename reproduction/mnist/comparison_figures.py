"""Figures that compare methods: numbers by name in, figures out."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

__all__ = ["distances_figure", "shares_figure"]

Numbers = Float[np.ndarray, "..."]
OWN, OTHERS = "#0072B2", "#D55E00"
BINS = 40


def shares_figure(shares: Mapping[str, Numbers], label: str) -> Figure:
    """Draw the mean of each method as a bar, with one standard deviation.

    Source: Dombrowski et al., 2024, Figures 11 and 13, left.

    Args:
        shares: A number from 0 to 1 for each row, by the name of the method.
        label: What the numbers are.
    """

    figure = Figure(figsize=(1.0 + 0.8 * len(shares), 3.2), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(shares))
    means = [values.mean() if values.size else np.nan for values in shares.values()]
    spread = [values.std() if values.size else np.nan for values in shares.values()]
    axes.bar(places, means, yerr=spread, color=OWN, ecolor="black", capsize=3)
    axes.set_xticks(places, list(shares), rotation=30, ha="right", fontsize=8)
    axes.set_ylim(0, 1.05)
    axes.set_ylabel(label)

    return figure


def distances_figure(
    own: Mapping[str, Mapping[str, Numbers]],
    others: Mapping[str, Mapping[str, Numbers]],
) -> Figure:
    """Draw how far methods end from their own source image and from its whole class.

    Source: Dombrowski et al., 2024, Figure 14.

    Args:
        own: Distances to the own source image, by method, then by space.
        others: Distances to all images of the source class, likewise.
    """

    spaces = list(next(iter(own.values())))
    figure = Figure(figsize=(3.6 * len(spaces), 2.2 * len(own)), layout="constrained")
    plots = figure.subplots(len(own), len(spaces), sharex="col", squeeze=False)

    for line, method in zip(plots, own, strict=True):
        for axes, space in zip(line, spaces, strict=True):
            _draw_distances(axes, own[method][space], others[method][space])
            axes.set_title(f"{method}, in {space}", fontsize=9)

    for axes, space in zip(plots[-1], spaces, strict=True):
        axes.set_xlabel(f"Euclidean distance in {space}")

    figure.legend(
        handles=[Patch(color=OWN), Patch(color=OTHERS)],
        labels=["source", "source class"],
        loc="outside upper center",
        ncols=2,
        fontsize=7,
    )

    return figure


def _draw_distances(axes: Axes, own: Numbers, others: Numbers) -> None:
    both = np.concatenate((own.ravel(), others.ravel()))
    axes.set_yticks([])

    if not both.size:
        return

    edges = np.linspace(0, both.max(), BINS).tolist()
    axes.hist(own.ravel(), edges, density=True, color=OWN, alpha=0.7)
    axes.hist(others.ravel(), edges, density=True, color=OTHERS, alpha=0.6)
