"""The spectrum of the inverse induced metric, averaged over images."""

from pathlib import Path

import torch
from jaxtyping import Float
from rich.console import Console
from rich.progress import track
from torch import Tensor

from diffeo.batching import batches_of
from diffeo.coordinates.protocol import Coordinates
from diffeo.geometry.metric import eigenvalues
from diffeo.geometry.spectrum import (
    average_spectrum,
    dimension_by_gap,
    dimension_by_share,
    effective_dimension,
    top_share,
)
from diffeo.plugins import find_coordinates
from diffeo.report.spectrum_figures import spectrum_figure
from diffeo.shapes import Images
from diffeo.workflows.results import write_results

__all__ = ["spectra", "spectrum_to_folder", "summary"]

Spectra = Float[Tensor, "batch values"]


def spectrum_to_folder(
    x: Images, coordinates: str, folder: Path, *, progress: bool
) -> dict[str, float]:
    """Write the average spectrum of γ⁻¹ at some images and what it tells.

    Args:
        x: Images in [0, 1].
        coordinates: By name or file, or "data".
        folder: For results.json and the figure.
        progress: Whether to show a bar.

    Returns:
        The results by name, as in results.json.
    """

    found = spectra(
        x, find_coordinates(coordinates, tuple(x.shape[1:])), progress=progress
    )
    results = summary(found)
    figure = spectrum_figure({coordinates: average_spectrum(found).double().numpy()})
    figure.savefig(folder / "spectrum.png", dpi=150)
    write_results(results, folder)

    return results


def spectra(x: Images, coordinates: Coordinates, *, progress: bool) -> Spectra:
    """Return the eigenvalues of γ⁻¹ at each image, largest first.

    Args:
        x: Images.
        coordinates: What induces γ; not clamped.
        progress: Whether to show a bar.
    """

    with torch.no_grad():
        z = coordinates.encode(x)

    rows = track(
        list(batches_of(z, 1)),
        "Spectra",
        console=Console(stderr=True),
        disable=not progress,
    )

    return torch.cat([eigenvalues(coordinates.decode, row) for row in rows])


def summary(found: Spectra) -> dict[str, float]:
    """Return what spectra tell of the dimension of the data, by name."""

    return {
        "effective_dimension_mean": effective_dimension(found).mean().item(),
        "top10_share": top_share(found, count=10).mean().item(),
        "dimension_90_percent_mean": _mean(dimension_by_share(found, share=0.9)),
        "dimension_widest_gap_mean": _mean(dimension_by_gap(found)),
    }


def _mean(values: Tensor) -> float:
    return values.double().mean().item()
