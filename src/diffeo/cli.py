"""The command line: parse, call, print."""

from pathlib import Path
from typing import Annotated

import typer

from diffeo.experiments.training import TRAININGS, Training

app = typer.Typer(no_args_is_help=True)


@app.callback()
def main() -> None:
    """Counterfactuals of differentiable models, by ascent in latent coordinates."""


@app.command()
def train(
    name: str,
    data: Annotated[Path | None, typer.Option()] = None,
    out: Annotated[Path | None, typer.Option()] = None,
    epochs: Annotated[int | None, typer.Option()] = None,
    seed: Annotated[int, typer.Option()] = 0,
    *,
    resume: Annotated[bool, typer.Option("--resume")] = False,
) -> None:
    """Train a model."""

    run, usual = TRAININGS[name]
    folder = out or Path("runs") / name
    typer.echo(run(Training(folder, data, epochs or usual, seed, resume)))


def run() -> None:
    """Run the command line."""

    app()
