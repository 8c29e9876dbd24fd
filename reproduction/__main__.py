"""`python -m reproduction NAME`: run an experiment of the paper."""

from collections.abc import Callable
from pathlib import Path

import typer

from diffeo.cli.command import add_command
from diffeo.search.run import Backward
from diffeo.workflows.folders import check_output
from diffeo.workflows.train.module import TrainingOptions
from reproduction.celeba.approximate import CELEBA_APPROXIMATE
from reproduction.celeba.coordinates import CELEBA_COORDINATES
from reproduction.celeba.experiment import CELEBA
from reproduction.celeba.rivals import CELEBA_RIVALS
from reproduction.celeba.training import CELEBA_TRAININGS
from reproduction.celeba.two_commands import CELEBA_TWO_COMMANDS
from reproduction.chest.experiment import CHEST_XRAY
from reproduction.chest.training import CHEST_TRAININGS
from reproduction.experiment import ExperimentOptions, Size, Training
from reproduction.grids import GRIDS
from reproduction.helix.autoencoders import HELIX_AUTOENCODERS
from reproduction.helix.coordinates import HELIX_COORDINATES
from reproduction.helix.experiment import HELIX
from reproduction.helix.training import HELIX_CLASSIFIER, HELIX_FLOW
from reproduction.mall.experiment import MALL
from reproduction.mall.training import MALL_TRAININGS
from reproduction.mnist.approximate import MNIST_APPROXIMATE
from reproduction.mnist.ascents import MNIST_ASCENTS
from reproduction.mnist.closest import MNIST_CLOSEST
from reproduction.mnist.comparison import MNIST_COMPARISON
from reproduction.mnist.coordinates import MNIST_COORDINATES
from reproduction.mnist.experiment import MNIST
from reproduction.mnist.frontier import MNIST_FRONTIER, MNIST_FRONTIER_SMOOTHED
from reproduction.mnist.geometry import MNIST_GEOMETRY
from reproduction.mnist.judges import MNIST_JUDGES
from reproduction.mnist.pairs import MNIST_PAIRS
from reproduction.mnist.training import (
    MNIST_CNN,
    MNIST_FLOW,
    MNIST_FLOW_MATCHING,
    MNIST_GAN,
    MNIST_GAN_ENCODER,
    MNIST_REALNVP,
    MNIST_VAE,
)
from reproduction.mnist.tuning import tune_mnist_comparison
from reproduction.provenance import ROOT
from reproduction.several import SEVERAL
from reproduction.spectra import SPECTRA
from reproduction.tables.experiment import TABLES
from reproduction.truth.audited import TRUTH_AUDIT
from reproduction.truth.experiment import TRUTH, TRUTH_AGREED

__all__ = ["EXPERIMENTS", "TRAININGS", "app", "main"]

EXPERIMENTS = (
    HELIX,
    HELIX_AUTOENCODERS,
    HELIX_COORDINATES,
    MNIST,
    MNIST_APPROXIMATE,
    MNIST_ASCENTS,
    MNIST_CLOSEST,
    MNIST_COMPARISON,
    MNIST_COORDINATES,
    MNIST_FRONTIER,
    MNIST_FRONTIER_SMOOTHED,
    MNIST_GEOMETRY,
    MNIST_JUDGES,
    MNIST_PAIRS,
    CELEBA,
    CELEBA_COORDINATES,
    CELEBA_APPROXIMATE,
    CELEBA_RIVALS,
    CELEBA_TWO_COMMANDS,
    CHEST_XRAY,
    MALL,
    GRIDS,
    SPECTRA,
    SEVERAL,
    TABLES,
    TRUTH,
    TRUTH_AGREED,
    TRUTH_AUDIT,
)
TRAININGS = (
    MNIST_FLOW,
    MNIST_REALNVP,
    MNIST_FLOW_MATCHING,
    MNIST_CNN,
    MNIST_VAE,
    MNIST_GAN,
    MNIST_GAN_ENCODER,
    HELIX_FLOW,
    HELIX_CLASSIFIER,
    *CELEBA_TRAININGS,
    *CHEST_TRAININGS,
    *MALL_TRAININGS,
)
EXPERIMENT = """{title}

Input:
    data: Folder of the data sets; the environment variable DIFFEO_DATA if not given.
    quick: Take less data, to see that it runs.
    weights: Use shipped weights where the experiment would train.

Output:
    out: Folder for the results; results/NAME of the repository if not given.
    overwrite: Replace files that the folder holds.
    quiet: Show no progress.
"""
TRAINING = """{title}

Training:
    data: Folder of the data sets; the environment variable DIFFEO_DATA if not given.
    size: 'paper' for the paper's architecture, which wants an accelerator and days.
    epochs: Passes over the data.
    batch_size: Rows in a batch.
    seed: Seed of the first weights, of the order of the data and of noise.
    backward: How a flow of images finds its gradients: 'reversible' needs memory that
        does not grow with its depth, and half as much time again.
    resume: Go on from the last checkpoint in the folder.

Output:
    out: Folder for weights, checkpoint and log; runs/NAME if not given.
    quiet: Show no progress.
"""

app, tune, train = (
    typer.Typer(
        help=text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for text in (
        "The paper's experiments: results, figures, and its numbers beside ours.",
        "Choose the settings of the methods compared.",
        "Train the models behind the shipped weights.",
    )
)
app.add_typer(tune, name="tune")
app.add_typer(train, name="train")


def _add_experiment(
    group: typer.Typer,
    name: str,
    title: str,
    run: Callable[[ExperimentOptions], object],
) -> None:
    def command(
        *,
        data: Path | None = None,
        quick: bool = False,
        weights: bool = False,
        out: Path | None = None,
        overwrite: bool = False,
        quiet: bool = False,
    ) -> None:
        folder = out or ROOT / "results" / name
        check_output(folder, overwrite=overwrite)
        run(ExperimentOptions(folder, data, quick, weights, progress=not quiet))
        typer.echo(str(folder.resolve()))

    command.__name__, command.__doc__ = name, EXPERIMENT.format(title=title)
    add_command(group, command)


def _add_training(training: Training) -> None:
    def command(  # noqa: PLR0913 - one argument for each option
        *,
        data: Path | None = None,
        size: Size = "small",
        epochs: int = training.epochs,
        batch_size: int = training.batch_size,
        seed: int = 0,
        backward: Backward = "auto",
        resume: bool = False,
        out: Path | None = None,
        quiet: bool = False,
    ) -> None:
        run = training.paper if size == "paper" else training.train

        if run is None:
            raise typer.BadParameter(
                f"size must be small for {training.name}, got {size}"
            )

        weights = (out or Path("runs") / training.name) / f"{training.name}.safetensors"
        check_output(weights.parent, overwrite=resume)
        options = TrainingOptions(
            weights,
            epochs,
            batch_size,
            seed=seed,
            resume=resume,
            progress=not quiet,
            backward=backward,
        )
        run(options, data)
        typer.echo(str(weights.resolve()))

    command.__name__, command.__doc__ = training.name, TRAINING.format(**vars(training))
    add_command(train, command)


for experiment in EXPERIMENTS:
    _add_experiment(app, experiment.name, experiment.title, experiment.run)

_add_experiment(
    tune, "mnist-comparison", "Tune them on validation fours.", tune_mnist_comparison
)

for training in TRAININGS:
    _add_training(training)


def main() -> None:
    """Run the command line; missing and existing files are told in a sentence."""

    try:
        app()
    except (OSError, ModuleNotFoundError) as error:
        raise SystemExit(f"Error: {error}") from None


if __name__ == "__main__":
    main()
