"""`python -m reproduction NAME`: run an experiment of the paper."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from diffeo.cli.options import Backward, DataFolder, Overwrite, Quiet
from diffeo.search.run import backward_named
from diffeo.workflows.train import TrainingOptions
from reproduction.experiment import ROOT, ExperimentOptions, Training
from reproduction.helix.experiment import HELIX
from reproduction.helix.training import HELIX_CLASSIFIER, HELIX_FLOW
from reproduction.mnist.ascents import MNIST_ASCENTS
from reproduction.mnist.comparison import MNIST_COMPARISON
from reproduction.mnist.experiment import MNIST
from reproduction.mnist.geometry import MNIST_GEOMETRY
from reproduction.mnist.training import MNIST_CNN, MNIST_FLOW
from reproduction.mnist.tuning import tune_mnist_comparison

__all__ = ["app", "main"]

EXPERIMENTS = HELIX, MNIST, MNIST_ASCENTS, MNIST_COMPARISON, MNIST_GEOMETRY
TRAININGS = MNIST_FLOW, MNIST_CNN, HELIX_FLOW, HELIX_CLASSIFIER
OPTIONS = {"no_args_is_help": True, "add_completion": False}

app = typer.Typer(
    help="The paper's experiments: results, figures, and its numbers beside ours.",
    pretty_exceptions_enable=False,
    **OPTIONS,
)
tune = typer.Typer(help="Choose the settings of the baselines.", **OPTIONS)
train = typer.Typer(help="Train the models behind the shipped weights.", **OPTIONS)
app.add_typer(tune, name="tune")
app.add_typer(train, name="train")

Out = Annotated[Path | None, typer.Option(help="Folder for results; results/NAME.")]
Quick = Annotated[bool, typer.Option("--quick", help="Less data, to see that it runs.")]
Weights = Annotated[
    bool, typer.Option("--weights", help="Use shipped weights instead of training.")
]


def _run(name: str, run: Callable[[ExperimentOptions], object]) -> Callable[..., None]:
    def command(
        data: DataFolder = None,
        out: Out = None,
        *,
        quick: Quick = False,
        weights: Weights = False,
        overwrite: Overwrite = False,
        quiet: Quiet = False,
    ) -> None:
        folder = out or ROOT / "results" / name
        _check_new(folder, "--overwrite", given=overwrite)
        run(ExperimentOptions(folder, data, quick, weights, not quiet))
        typer.echo(str(folder.resolve()))

    return command


def _train(training: Training) -> Callable[..., None]:
    def command(
        data: DataFolder = None,
        out: Annotated[
            Path | None,
            typer.Option(help="Folder for weights, checkpoint and log; runs/NAME."),
        ] = None,
        epochs: Annotated[
            int, typer.Option(help="Passes over the data.")
        ] = training.epochs,
        seed: Annotated[int, typer.Option(help="Seed of weights, order, noise.")] = 0,
        *,
        backward: Backward = "auto",
        resume: Annotated[
            bool, typer.Option("--resume", help="Go on from the last checkpoint.")
        ] = False,
        quiet: Quiet = False,
    ) -> None:
        folder = out or Path("runs") / training.name
        _check_new(folder, "--resume", given=resume)
        options = TrainingOptions(
            folder / f"{training.name}.safetensors",
            epochs,
            seed=seed,
            resume=resume,
            progress=not quiet,
            backward=backward_named(backward),
        )
        training.train(options, data)
        typer.echo(str(options.weights.resolve()))

    return command


def _check_new(folder: Path, option: str, *, given: bool) -> None:
    if folder.exists() and not given:
        raise FileExistsError(
            f"the folder must be new, got {folder}, which exists; choose another with "
            f"--out or pass {option}"
        )


for experiment in EXPERIMENTS:
    run = _run(experiment.name, experiment.run)
    app.command(experiment.name, help=experiment.title)(run)

tune.command(
    "mnist-comparison", help="Tune them on 50 validation fours; write tuning.json."
)(_run("mnist-comparison", tune_mnist_comparison))

for training in TRAININGS:
    train.command(training.name, help=training.title)(_train(training))


def main() -> None:
    """Run the command line; misuse is told in a sentence."""

    try:
        app()
    except (FileExistsError, FileNotFoundError, ModuleNotFoundError) as error:
        raise SystemExit(f"Error: {error}") from None


if __name__ == "__main__":
    main()
