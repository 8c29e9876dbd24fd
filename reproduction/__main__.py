"""`python -m reproduction NAME`: run an experiment of the paper."""

from pathlib import Path
from typing import Annotated

import typer

from diffeo.cli.options import DataFolder, Overwrite, Quiet
from diffeo.report.folder import output_folder
from diffeo.workflows.results import Reproduction
from reproduction.helix.experiment import reproduce_helix
from reproduction.mnist.ascents import reproduce_mnist_ascents
from reproduction.mnist.comparison import reproduce_mnist_comparison
from reproduction.mnist.experiment import reproduce_mnist
from reproduction.mnist.geometry import reproduce_mnist_geometry

__all__ = ["reproduce"]

REPRODUCTIONS = {
    "helix": reproduce_helix,
    "mnist": reproduce_mnist,
    "mnist-ascents": reproduce_mnist_ascents,
    "mnist-comparison": reproduce_mnist_comparison,
    "mnist-geometry": reproduce_mnist_geometry,
}


def reproduce(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(REPRODUCTIONS)}.")],
    data: DataFolder = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for results; results/NAME.")
    ] = None,
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Less data, to see that it runs.")
    ] = False,
    weights: Annotated[
        bool,
        typer.Option("--weights", help="Use shipped weights instead of training."),
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Run an experiment of the paper and print its numbers beside the paper's."""

    if name not in REPRODUCTIONS:
        raise ValueError(f"name must be one of {', '.join(REPRODUCTIONS)}, got {name}")

    place = out or Path("results") / name

    with output_folder(place, overwrite=overwrite) as folder:
        REPRODUCTIONS[name](
            Reproduction(folder, data, quick=quick, weights=weights, progress=not quiet)
        )

    typer.echo(str(place.resolve()))


if __name__ == "__main__":
    typer.run(reproduce)
