"""Figures of the helix: arrays in, figures out."""

import math
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

__all__ = ["box_figure", "distance_figure", "eigenvalue_figure", "path_figure"]

Array = npt.NDArray[np.float64]

SOURCE, TARGET = "#E69F00", "#999999"
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#F0E442")
BLUE = COLORS[0]
SIDE = 2.0  # half the width of what is shown
CORNERS = np.array(list(product((-0.5, 0.5), repeat=3)))
FACES = (
    (0, 1, 3, 2),
    (4, 5, 7, 6),
    (0, 1, 5, 4),
    (2, 3, 7, 6),
    (0, 2, 6, 4),
    (1, 3, 7, 5),
)


def path_figure(paths: Mapping[str, Sequence[Array]]) -> Figure:
    """Draw where searches from one half of the helix to the other went.

    Source: Dombrowski et al., 2024, Figure 6.

    Args:
        paths: Points along each search, by the space that is searched.
    """

    figure = Figure(figsize=(4.8 * len(paths), 5.6), layout="constrained")

    for index, (name, lines) in enumerate(paths.items(), 1):
        axes = _space(figure, (1, len(paths), index))

        for line in lines:
            axes.plot(*line.T, color=BLUE, linewidth=1.6, zorder=5)
            axes.scatter(*line[:1].T, color=BLUE, s=16, zorder=6)
            axes.scatter(*line[-1:].T, color="black", marker="*", s=55, zorder=7)

        axes.plot([], [], color=BLUE, marker="o", label="from the start")
        axes.scatter([], [], [], color="black", marker="*", s=55, label="to the end")
        axes.set_title(name, fontsize=12)
        axes.legend(loc="upper left", fontsize=8, frameon=False)

    return figure


def box_figure(frames: Mapping[str, tuple[Array, Array]]) -> Figure:
    """Draw the box spanned by the scaled eigenvectors of γ⁻¹ at points of the helix.

    Source: Dombrowski et al., 2024, Figure 7, left.

    Args:
        frames: Points, shape (points, 3), and the eigenvectors, scaled by their
            eigenvalues, as columns, shape (points, 3, 3), by the name of a flow.
    """

    figure = Figure(figsize=(4.8 * len(frames), 5.6), layout="constrained")

    for index, (name, (places, edges)) in enumerate(frames.items(), 1):
        axes = _space(figure, (1, len(frames), index))

        for place, edge in zip(places, edges, strict=True):
            corners = place + CORNERS @ edge.T
            box = Poly3DCollection([corners[list(face)] for face in FACES], alpha=0.35)
            box.set_facecolor(BLUE)
            box.set_edgecolor(BLUE)
            box.set_linewidth(2)
            box.set_zorder(5)
            axes.add_collection3d(box)

        axes.set_title(name, fontsize=12)
        axes.legend(loc="upper left", fontsize=8, frameon=False)

    return figure


def distance_figure(distances: Mapping[str, Array]) -> Figure:
    """Draw box plots of distances to the helix.

    Source: Dombrowski et al., 2024, Figure 17.

    Args:
        distances: Of the points that each search found, by its name.
    """

    figure = Figure(figsize=(8.0, 3.4), layout="constrained")
    axes = figure.subplots()
    drawn = axes.boxplot(
        list(distances.values()),
        orientation="horizontal",
        tick_labels=list(distances),
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        widths=0.6,
        medianprops={"color": "black", "linewidth": 2},
    )

    for index, box in enumerate(drawn["boxes"]):
        box.set_facecolor((TARGET, *COLORS)[index % 6])
        box.set_alpha(0.7)

    for index, values in enumerate(distances.values()):
        middle = float(np.median(values))
        axes.text(middle, index + 0.62, f"{middle:.2g}", ha="center", fontsize=8)

    axes.set_xscale("log")
    axes.set_ylim(len(distances) + 0.5, 0.3)
    axes.set_xlabel(
        "distance to the helix (its radius is 1; logarithmic)\n"
        "box: middle half, line: median, whiskers: 5 % to 95 %"
    )
    axes.grid(axis="x", alpha=0.3)

    return figure


def eigenvalue_figure(thickness: Array, eigenvalues: Mapping[str, Array]) -> Figure:
    """Draw the eigenvalue normal to the helix against the thickness of its points.

    Args:
        thickness: Standard deviations δ of the points.
        eigenvalues: λ⊥ of flows fitted to each thickness, shape (flows, thicknesses),
            by the name of their training.
    """

    figure = Figure(figsize=(6.0, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(thickness, thickness**2, color="black", linestyle="--", label="λ⊥ = δ²")

    for color, marker, (name, rows) in zip(
        COLORS, "os^D", eigenvalues.items(), strict=False
    ):
        for row, values in enumerate(rows):
            label = name if row == 0 else None
            axes.plot(
                thickness,
                values,
                marker,
                color=color,
                label=label,
                markersize=6,
                fillstyle="none",
                markeredgewidth=1.5,
            )

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(thickness, [f"{value:g}" for value in thickness])
    axes.minorticks_off()
    axes.set_xlabel("thickness δ of the data (standard deviation)")
    axes.set_ylabel("eigenvalue λ⊥ of γ⁻¹ normal to the helix")
    axes.legend(frameon=False, fontsize=9)
    axes.grid(alpha=0.3)

    return figure


def _space(figure: Figure, place: tuple[int, int, int]) -> Axes3D:
    """Return axes that hold the helix, its two halves in two colors."""

    axes: Axes3D = figure.add_subplot(*place, projection="3d", computed_zorder=False)

    for low, high, color, label in (
        (-math.pi, 0.0, SOURCE, "class t < 0"),
        (0.0, math.pi, TARGET, "class t > 0"),
    ):
        t = np.linspace(low, high, 200)
        axes.plot(np.sin(t), np.cos(t), t, color=color, linewidth=5, label=label)

    axes.set(
        xlabel="x₁ = sin t",
        ylabel="x₂ = cos t",
        zlabel="x₃ = t",
        xlim=(-SIDE, SIDE),
        ylim=(-SIDE, SIDE),
        zlim=(-math.pi, math.pi),
        xticks=(-1, 0, 1),
        yticks=(-1, 0, 1),
        zticks=range(-3, 4),
    )
    axes.set_box_aspect((1, 1, 1.5), zoom=0.85)
    axes.view_init(elev=18, azim=-50)

    return axes
