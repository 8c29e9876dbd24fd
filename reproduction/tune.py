"""`python -m reproduction.tune NAME`: choose the settings of the rival methods."""

from pathlib import Path
from typing import Annotated

import typer

from diffeo.cli.options import DataFolder, Overwrite, Quiet
from diffeo.report.folder import output_folder
from diffeo.workflows.results import Reproduction
from reproduction.mnist.tuning import tune_mnist_comparison

__all__ = ["tune"]

TUNINGS = {"mnist-comparison": tune_mnist_comparison}


def tune(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(TUNINGS)}.")],
    data: DataFolder = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for tuning.json; results/NAME.")
    ] = None,
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Less data, to see that it runs.")
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Choose the settings of an experiment's rival methods on validation data."""

    if name not in TUNINGS:
        raise ValueError(f"name must be one of {', '.join(TUNINGS)}, got {name}")

    place = out or Path("results") / name

    with output_folder(place, overwrite=overwrite) as folder:
        TUNINGS[name](Reproduction(folder, data, quick=quick, progress=not quiet))

    typer.echo(str(place.resolve()))


if __name__ == "__main__":
    typer.run(tune)
