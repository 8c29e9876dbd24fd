"""The spectrum of the inverse induced metric, averaged over images."""

from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.answers import ask
from diffeo.batching import in_batches
from diffeo.coordinates.protocol import Coordinates
from diffeo.extras import require
from diffeo.files import write_atomically
from diffeo.geometry.metric import eigenvalues
from diffeo.geometry.spectrum import (
    average_spectrum,
    dimension_by_gap,
    dimension_by_share,
    effective_dimension,
    top_share,
)
from diffeo.progress import track
from diffeo.search.checks import check_data, check_latent, check_modes
from diffeo.shapes import Images
from diffeo.workflows.folders import write_results

__all__ = [
    "Spectra",
    "dimension_figures",
    "draw_spectrum",
    "spectra",
    "spectrum_to_folder",
]

Spectra = Float[Tensor, "batch values"]
Values = Float[Tensor, " values"]


def spectrum_to_folder(
    x: Images, coordinates: Coordinates, folder: Path, *, progress: bool
) -> tuple[dict[str, float], Values]:
    """Write to results.json what the average spectrum of γ⁻¹ at some images tells.

    Args:
        x: Images in [0, 1].
        coordinates: What induces γ; not clamped.
        folder: Where to write.
        progress: Whether to show a bar.

    Returns:
        The results by name, as in results.json, and the average spectrum.

    Raises:
        ValueError: If the images or the coordinates are not finite.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from diffeo import Identity
        >>> x, place = torch.rand(2, 1, 1, 2), Identity((1, 1, 2))
        >>> with TemporaryDirectory() as folder:
        ...     _, average = spectrum_to_folder(x, place, Path(folder), progress=False)
        >>> average
        tensor([1., 1.])
    """

    check_data(x)
    check_modes(coordinates=coordinates)
    found = spectra(x, coordinates, progress=progress)
    results = dimension_figures(found)
    write_results(results, folder)

    return results, average_spectrum(found)


def draw_spectrum(average: Values, name: str, folder: Path) -> None:
    """Draw an average spectrum.

    Args:
        average: Eigenvalues averaged over images, largest first.
        name: Of the coordinates.
        folder: Where to write.

    Raises:
        ModuleNotFoundError: If packages for figures are not installed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     draw_spectrum(torch.tensor([4.0, 1.0]), "mine", Path(folder))
        ...     [path.name for path in Path(folder).iterdir()]
        ['spectrum.png']
    """

    require("matplotlib", extra="report")
    from diffeo.report.spectrum_figures import spectrum_figure

    figure = spectrum_figure({name: average.double().cpu().numpy()})
    write = partial(figure.savefig, dpi=150)
    write_atomically(folder / "spectrum.png", write)


def spectra(x: Images, coordinates: Coordinates, *, progress: bool) -> Spectra:
    """Return the eigenvalues of γ⁻¹ at each image, largest first.

    Args:
        x: Images.
        coordinates: What induces γ; not clamped.
        progress: Whether to show a bar.

    Example:
        >>> from diffeo import Identity
        >>> spectra(torch.rand(2, 1, 1, 2), Identity((1, 1, 2)), progress=False)
        tensor([[1., 1.],
                [1., 1.]])
    """

    with torch.no_grad():
        encode = coordinates.encode
        z = in_batches(lambda part: ask(encode, part, "coordinates.encode"), x)

    check_latent(z)
    rows = track(list(z.split(1)), "Spectra", shown=progress)

    return torch.cat([eigenvalues(coordinates.decode, row) for row in rows])


def dimension_figures(found: Spectra) -> dict[str, float]:
    """Return what spectra tell of the dimension of the data, by name.

    Example:
        >>> found = torch.tensor([[4.0, 4.0, 0.0]])
        >>> dimension_figures(found)["effective_dimension_mean"]
        2.0
    """

    figures = {
        "effective_dimension_mean": effective_dimension(found),
        "top10_share": top_share(found, count=10),
        "dimension_90_percent_mean": dimension_by_share(found, share=0.9),
        "dimension_widest_gap_mean": dimension_by_gap(found),
    }

    return {name: values.double().mean().item() for name, values in figures.items()}
