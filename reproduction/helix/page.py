"""A page with the helix in space, to be turned by hand."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np

from diffeo.extras import require
from diffeo.report.figures import COLORS
from reproduction.figures import Array
from reproduction.helix.figures import HALVES

__all__ = ["write_helix_page"]


def write_helix_page(paths: Mapping[str, Sequence[Array]], path: Path) -> None:
    """Write a page that needs nothing else, not even a network.

    Args:
        paths: Points along each search, by the space that is searched.
        path: The HTML file.

    Raises:
        ModuleNotFoundError: If plotly is not installed.
    """

    require("plotly", extra="interactive")
    from plotly.graph_objects import Figure

    figure = Figure()

    for name, (color, t) in HALVES.items():
        figure.add_scatter3d(
            **_axes(np.stack((np.sin(t), np.cos(t), t), 1)),
            mode="lines",
            line={"color": color, "width": 8},
            name=name,
        )

    for color, (name, lines) in zip(cycle(COLORS), paths.items(), strict=False):
        for row, line in enumerate(lines):
            sizes = [4] + [1] * (len(line) - 2) + [7]
            symbols = ["circle"] * (len(line) - 1) + ["diamond"]
            figure.add_scatter3d(
                **_axes(line),
                mode="lines+markers",
                line={"color": color, "width": 4},
                marker={"color": color, "size": sizes, "symbol": symbols},
                name=name,
                legendgroup=name,
                showlegend=row == 0,
            )

    figure.update_layout(
        margin={"l": 0, "r": 0, "b": 0},
        title="Searches for the other class: dot, start; diamond, end. "
        "Drag to turn, scroll to zoom, click the legend to hide.",
        scene={
            "xaxis_title": "x₁ = sin t",
            "yaxis_title": "x₂ = cos t",
            "zaxis_title": "x₃ = t",
            "aspectmode": "data",
            "camera": {"eye": {"x": 2.0, "y": -2.2, "z": 0.9}},
        },
    )
    figure.write_html(path, include_plotlyjs=True)


def _axes(points: Array) -> dict[str, Array]:
    return dict(zip("xyz", points.T, strict=True))
