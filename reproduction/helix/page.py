"""A page with the helix in space, to be turned by hand."""

import importlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

__all__ = ["find_plotly", "write_helix_page"]

Array = npt.NDArray[np.float64]

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


def find_plotly() -> ModuleType:
    """Return plotly's figures, an optional extra that may be missing.

    Raises:
        ModuleNotFoundError: If plotly is not installed.
    """

    try:
        return importlib.import_module("plotly.graph_objects")
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "the interactive page must have plotly, got none; "
            "install it with: pip install 'diffeo[interactive]'"
        ) from None


def write_helix_page(paths: Mapping[str, Sequence[Array]], path: Path) -> None:
    """Write a page that needs nothing else, not even a network.

    Args:
        paths: Points along each search, by the space that is searched.
        path: Of the HTML file.

    Raises:
        ModuleNotFoundError: If plotly is not installed.
    """

    figure = find_plotly().Figure()

    for low, high, color, name in (
        (-math.pi, 0.0, "#E69F00", "class t < 0"),
        (0.0, math.pi, "#999999", "class t > 0"),
    ):
        t = np.linspace(low, high, 200)
        figure.add_scatter3d(
            x=np.sin(t),
            y=np.cos(t),
            z=t,
            mode="lines",
            line={"color": color, "width": 8},
            name=name,
        )

    for color, (name, lines) in zip(COLORS, paths.items(), strict=False):
        for row, line in enumerate(lines):
            figure.add_scatter3d(
                x=line[:, 0],
                y=line[:, 1],
                z=line[:, 2],
                mode="lines+markers",
                line={"color": color, "width": 4},
                marker={
                    "color": color,
                    "size": [4] + [1] * (len(line) - 2) + [7],
                    "symbol": ["circle"] * (len(line) - 1) + ["diamond"],
                },
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
