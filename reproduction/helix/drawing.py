"""The figures and the page of the helix, from records and flows."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure

from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.counterfactuals import Counterfactuals
from diffeo.shapes import Scores
from reproduction.helix.data import curve, distance
from reproduction.helix.figures import (
    box_figure,
    distance_figure,
    eigenvalue_figure,
    path_figure,
)
from reproduction.helix.models import as_flow, flow_recipe
from reproduction.helix.page import write_helix_page
from reproduction.helix.theorem import Theorem, frames, inner_places

__all__ = ["draw"]

Array = npt.NDArray[np.float64]

SHOWN = 12  # searches whose paths are drawn
BOXES = 15  # points at which the eigenvectors are drawn
LONGEST = 0.6  # edge of the longest box, in units of the helix's radius
NAMES = {
    "data": "found in X",
    "data_adam": "found in X, Adam",
    "latent": "found in Z",
    "latent_adam": "found in Z, Adam",
    "untrained": "found in untrained Z",
}


def draw(
    records: Mapping[str, Counterfactuals],
    flow: ZukoFlow,
    sweep: Theorem,
    folder: Path,
) -> None:
    """Write the figures and the interactive page.

    Args:
        records: Searches of the same points, with their paths, by name.
        flow: The flow that was searched.
        sweep: Eigenvalues for data of several thicknesses.
        folder: Where to write.
    """

    paths = {
        "gradient ascent in X": _paths(records["data"], Identity((3,))),
        "gradient ascent in Z": _paths(records["latent"], flow),
    }
    figures = {
        "paths": path_figure(paths),
        "boxes": _boxes(flow),
        "distances": distance_figure(_distances(records)),
        "theorem": eigenvalue_figure(
            sweep.thicknesses.numpy(),
            {
                "well-trained flows, three seeds": sweep.trained.numpy(),
                "the same, orders alternating": sweep.alternating.numpy(),
                "under-trained flows": sweep.short.numpy(),
            },
        ),
    }

    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=150)

    write_helix_page(paths, folder / "helix.html")


@torch.no_grad()
def _paths(record: Counterfactuals, coordinates: Coordinates) -> list[Array]:
    """Return the data along the first few searches, each up to where it ended."""

    lines = []

    for row in range(min(SHOWN, len(record))):
        path = record.paths[row].latent
        lines.append(coordinates.decode(path).double().numpy())

    return lines


def _distances(records: Mapping[str, Counterfactuals]) -> dict[str, Array]:
    factuals = records["latent"].factual
    found = {NAMES[name]: record.counterfactual for name, record in records.items()}

    return {
        name: distance(points.double()).numpy()
        for name, points in {"factuals": factuals, **found}.items()
    }


def _boxes(flow: ZukoFlow) -> Figure:
    untrained = as_flow(flow_recipe(seed=0).build())
    t = inner_places(BOXES)
    edges = {"trained flow": _edges(flow, t), "untrained flow": _edges(untrained, t)}

    return box_figure(
        {name: (curve(t).numpy(), columns) for name, columns in edges.items()}
    )


def _edges(flow: ZukoFlow, t: Scores) -> Array:
    """Return eigenvectors of γ⁻¹ times eigenvalues, the longest of a fixed length."""

    found = frames(flow, t)
    eigenvalues = found.values.square()
    columns = found.left * eigenvalues[:, None] * (LONGEST / eigenvalues.max())

    return columns.detach().numpy()
