"""`python -m reproduction.train NAME`: train the models behind the shipped weights."""

from pathlib import Path
from typing import Annotated

import typer

from diffeo.cli.options import Backward, DataFolder, Quiet
from diffeo.search.run import backward_named
from reproduction.helix.training import HELIX_TRAININGS
from reproduction.mnist.training import TRAININGS as DIGIT_TRAININGS
from reproduction.mnist.training import Training

__all__ = ["train"]

TRAININGS = {**DIGIT_TRAININGS, **HELIX_TRAININGS}


def train(  # noqa: PLR0913 - one option for each thing a user may set
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(TRAININGS)}.")],
    data: DataFolder = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for weights, checkpoint and log; runs/NAME."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data; the model's usual.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of weights, order and noise.")] = 0,
    *,
    backward: Backward = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train one of the models behind the shipped weights."""

    if name not in TRAININGS:
        raise ValueError(f"name must be one of {', '.join(TRAININGS)}, got {name}")

    function, usual = TRAININGS[name]
    folder = out or Path("runs") / name

    if folder.exists() and not resume:
        raise FileExistsError(
            f"the training's folder must be new, got {folder}, which exists; "
            "choose another or pass --resume"
        )

    training = Training(
        folder,
        data,
        usual if epochs is None else epochs,
        seed=seed,
        resume=resume,
        progress=not quiet,
        backward=backward_named(backward),
    )
    typer.echo(str(function(training).resolve()))


if __name__ == "__main__":
    typer.run(train)
