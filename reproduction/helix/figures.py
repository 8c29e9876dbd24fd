"""Figures of the helix: arrays in, figures out."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle, product

import numpy as np
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

from diffeo.report.figures import COLORS
from reproduction.figures import Array, box_plot

__all__ = [
    "HALVES",
    "box_figure",
    "distance_figure",
    "eigenvalue_figure",
    "path_figure",
]

GRAY = "#999999"
HALVES = {
    "class t < 0": ("#E69F00", np.linspace(-math.pi, 0, 200)),
    "class t > 0": (GRAY, np.linspace(0, math.pi, 200)),
}
BLUE = COLORS[0]
CORNERS = np.array(list(product((-0.5, 0.5), repeat=3)))
FACES = np.array(
    [
        (0, 1, 3, 2),
        (4, 5, 7, 6),
        (0, 1, 5, 4),
        (2, 3, 7, 6),
        (0, 2, 6, 4),
        (1, 3, 7, 5),
    ]
)


def path_figure(paths: Mapping[str, Sequence[Array]]) -> Figure:
    """Draw where searches from one half of the helix to the other went.

    Source: Dombrowski et al., 2024, Figure 6.

    Args:
        paths: Points along each search, by the space that is searched.
    """

    figure, spaces = _spaces(list(paths))

    for axes, lines in zip(spaces, paths.values(), strict=True):
        for line in lines:
            axes.plot(*line.T, color=BLUE, linewidth=1.6, zorder=5)
            axes.scatter(*line[:1].T, color=BLUE, s=16, zorder=6)
            axes.scatter(*line[-1:].T, color="black", marker="*", s=55, zorder=7)

        axes.plot([], [], color=BLUE, marker="o", label="from the start")
        axes.scatter([], [], [], color="black", marker="*", s=55, label="to the end")
        axes.legend(loc="upper left", fontsize=8, frameon=False)

    return figure


def box_figure(places: Array, edges: Mapping[str, Array]) -> Figure:
    """Draw the box spanned by the scaled eigenvectors of γ⁻¹ at points of the helix.

    Source: Dombrowski et al., 2024, Figure 7, left.

    Args:
        places: The points, shape (points, 3).
        edges: The eigenvectors, scaled by their eigenvalues, as columns, shape
            (points, 3, 3), by the name of a flow.
    """

    figure, spaces = _spaces(list(edges))

    for axes, boxes in zip(spaces, edges.values(), strict=True):
        for place, box in zip(places, boxes, strict=True):
            faces = (place + CORNERS @ box.T)[FACES]
            drawn = Poly3DCollection(faces, alpha=0.35, linewidth=2, zorder=5)
            drawn.set(facecolor=BLUE, edgecolor=BLUE)
            axes.add_collection3d(drawn)

        axes.legend(loc="upper left", fontsize=8, frameon=False)

    return figure


def distance_figure(distances: Mapping[str, Array]) -> Figure:
    """Draw box plots of distances to the helix.

    Source: Dombrowski et al., 2024, Figure 17.

    Args:
        distances: Of the points that each search found, by its name.
    """

    label = "distance to the helix (its radius is 1; logarithmic)"
    figure = box_plot(distances, label, (GRAY, *COLORS))
    axes = figure.axes[0]
    axes.set_xscale("log")

    for row, values in enumerate(distances.values()):
        middle = float(np.quantile(values, 0.5, method="lower"))
        axes.text(middle, row + 0.62, f"{middle:.2g}", ha="center", fontsize=8)

    return figure


def eigenvalue_figure(curves: Mapping[str, Sequence[Array]], *, exact: float) -> Figure:
    """Draw eigenvalues normal to the helix against the thickness δ of its points.

    Args:
        curves: Thicknesses and, at each, the mean and the worst ratio of an eigenvalue
            to δ², by what they are of.
        exact: The ratio of a flow that fits the density exactly.
    """

    figure = Figure(figsize=(10.5, 4.8), layout="constrained")
    values, ratios = figure.subplots(1, 2)

    for axes, power, label in (
        (values, 2, "eigenvalue of γ⁻¹ (mean)"),
        (ratios, 0, "eigenvalue / δ² (open, dotted: worst)"),
    ):
        for color, marker, (name, (thickness, mean, worst)) in zip(
            cycle(COLORS), cycle("os^Dv<"), curves.items(), strict=False
        ):
            scale = thickness**power
            style = {"color": color, "marker": marker, "linewidth": 1}
            axes.loglog(thickness, mean * scale, label=name, **style)

            if axes is ratios:
                axes.loglog(thickness, worst, fillstyle="none", ls=":", **style)

        law = exact * thickness**power
        axes.loglog(thickness, law, color="black", ls="--", label=f"δ² × {exact:g}")
        axes.set_xticks(thickness, [f"{value:g}" for value in thickness])
        axes.minorticks_off()
        axes.set(xlabel="thickness δ of the data", ylabel=label)
        axes.grid(alpha=0.3)

    figure.legend(
        *values.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=9,
    )

    return figure


def _spaces(titles: Sequence[str]) -> tuple[Figure, list[Axes3D]]:
    """Return a figure of panels that hold the helix, its halves in two colors."""

    figure = Figure(figsize=(4.8 * len(titles), 5.6), layout="constrained")
    options = {"projection": "3d", "computed_zorder": False}
    spaces = figure.subplots(1, len(titles), squeeze=False, subplot_kw=options)[0]

    for axes, title in zip(spaces, titles, strict=True):
        for name, (color, t) in HALVES.items():
            axes.plot(np.sin(t), np.cos(t), t, color=color, linewidth=5, label=name)

        axes.set_title(title, fontsize=12)
        axes.set(xlabel="x₁ = sin t", ylabel="x₂ = cos t", zlabel="x₃ = t")
        axes.set(xlim=(-2, 2), ylim=(-2, 2), zlim=(-math.pi, math.pi))
        axes.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1), zticks=range(-3, 4))
        axes.set_box_aspect((1, 1, 1.5), zoom=0.85)
        axes.view_init(elev=18, azim=-50)

    return figure, list(spaces)
