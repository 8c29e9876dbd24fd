"""`diffeo spectrum`."""

from pathlib import Path
from typing import Annotated

import typer

from diffeo.cli.options import Overwrite, Quiet
from diffeo.data.images import read_images
from diffeo.data.mnist import sample_digits
from diffeo.report.folder import output_folder
from diffeo.workflows.spectrum import spectrum_to_folder

__all__ = ["spectrum"]


def spectrum(
    coordinates: Annotated[
        str,
        typer.Option(
            help="Weights of a generative model by name (mnist-flow) or file, or "
            "'data' for the data space itself."
        ),
    ],
    data: Annotated[
        str,
        typer.Option(
            help="Images: a folder of pictures, one picture, an IDX or a NumPy file; "
            "'digits' for the bundled sample of MNIST."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path(
        "spectrum"
    ),
    *,
    limit: Annotated[int, typer.Option(help="Take only the first so many images.")] = (
        100
    ),
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Average the spectrum of the inverse induced metric: the data's dimension."""

    images = sample_digits().images if data == "digits" else read_images(data).images

    with output_folder(out, overwrite=overwrite) as folder:
        results = spectrum_to_folder(
            images[:limit], coordinates, folder, progress=not quiet
        )

    for name, value in results.items():
        typer.echo(f"{name}: {value:.4g}")

    typer.echo(str(out.resolve()))
