"""`diffeo train`."""

import shlex
from itertools import chain
from pathlib import Path

import typer

from diffeo.cli.options import checked_seed

__all__ = ["train_command"]

HELD_OUT = 10  # of so many images one is kept back for the figures


def train_command(  # noqa: PLR0913 - one argument for each option
    data: str,
    *,
    resize: int | None = None,
    crop: int | None = None,
    epochs: int = 20,
    batch_size: int = 128,
    seed: int = 0,
    resume: bool = False,
    out: Path,
    overwrite: bool = False,
    quiet: bool = False,
) -> None:
    """Train a classifier on your own images.

    Of an interrupted training the last whole epoch is kept; --resume goes on from
    there. `diffeo explain` takes the weights as --model.

    Input:
        data: A folder with one folder of pictures for each class, or with a labels.csv
            (file,class), or 'digits' for the bundled sample of MNIST. Every tenth image
            is held out to measure the result.
        resize: Resize each picture to a square of so many pixels a side.
        crop: Cut a square of so many pixels a side out of each picture's middle.

    Training:
        epochs: Passes over the images.
        batch_size: Images in a batch.
        seed: Seed of the first weights, of the order of the images and of noise.
        resume: Go on from the last whole epoch in the folder.

    Output:
        out: Folder for the weights.
        overwrite: Start anew where the folder holds another training.
        quiet: Show no progress.

    Example:
        diffeo train faces/ --resize 64 --epochs 10 --out faces-classifier
    """

    from diffeo.extras import require

    require("pytorch_lightning", extra="train")

    from diffeo import zoo
    from diffeo.workflows.folders import check_output
    from diffeo.workflows.loading import find_labelled
    from diffeo.workflows.train.classifier import classifier_recipe, train_classifier
    from diffeo.workflows.train.module import TrainingOptions

    check_output(out, overwrite=overwrite or resume)
    weights = out / "classifier.safetensors"
    seed = checked_seed(seed)
    options = TrainingOptions(weights, epochs, batch_size, seed, resume, not quiet)
    sides = {"crop": crop, "resize": resize}
    told = {**sides, "epochs": epochs, "batch-size": batch_size, "seed": seed}
    given = [(f"--{name}", f"{told[name]}") for name in told if told[name] is not None]
    command = shlex.join(["diffeo", "train", data, *chain(*given)])
    labelled = find_labelled(data, **sides)
    some, held_out = labelled.split(HELD_OUT)

    if len(held_out) == 0:
        raise ValueError(
            f"data must have at least {HELD_OUT} images of a class, got {len(some)}"
        )

    recipe = classifier_recipe(labelled.images.shape[1:], labelled.classes)
    names = labelled.class_names
    card = zoo.Card(recipe, data, command, "those of the data", {}, classes=names)
    train_classifier(some, held_out, card, options)

    for name, value in zoo.card(weights).figures.items():
        typer.echo(f"{name}: {value:.4g}")

    typer.echo(str(weights.resolve()))
