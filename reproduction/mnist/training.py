"""The trainings behind the shipped weights of digits."""

from dataclasses import asdict
from pathlib import Path

from diffeo import zoo
from diffeo.data.mnist import mnist
from diffeo.models.flow.recipes import Level
from diffeo.workflows.train import (
    TrainingOptions,
    classifier_recipe,
    flow_recipe,
    train_classifier,
    train_flow,
)
from reproduction.experiment import Training, training_command
from reproduction.velocity import train_velocity

__all__ = [
    "DIGITS_FLOW",
    "MNIST_CNN",
    "MNIST_FLOW",
    "MNIST_FLOW_MATCHING",
    "MNIST_REALNVP",
]

MNIST = "MNIST, 55,000 of the official training digits (LeCun, Cortes and Burges)"
TERMS = "weights Apache-2.0; MNIST is often listed as CC BY-SA 3.0"
DIGITS_FLOW = flow_recipe((1, 28, 28))
DIGITS_REALNVP = zoo.Recipe(
    "realnvp",
    {"shape": [1, 28, 28], "levels": [asdict(Level(4, 32)), asdict(Level(4, 64))]},
)
DIGITS_FIELD = zoo.Recipe("flow-matching", {"shape": [1, 28, 28], "widths": [48, 128]})
DIGITS_CNN = classifier_recipe((1, 28, 28), 10)


def train_mnist_flow(options: TrainingOptions, data: Path | None) -> None:
    """Train the flow of handwritten digits."""

    _train_flow(DIGITS_FLOW, options, data)


def train_mnist_realnvp(options: TrainingOptions, data: Path | None) -> None:
    """Train a second flow of digits, of the form that the paper uses for them."""

    _train_flow(DIGITS_REALNVP, options, data)


def train_mnist_flow_matching(options: TrainingOptions, data: Path | None) -> None:
    """Train a velocity field of digits."""

    train, held_out = mnist("train", data), mnist("validation", data)
    card = zoo.Card(DIGITS_FIELD, MNIST, training_command(options), TERMS, {})
    train_velocity(train.pixels, held_out.pixels, card, options)


def train_mnist_cnn(options: TrainingOptions, data: Path | None) -> None:
    """Train the classifier of handwritten digits."""

    train, held_out = mnist("train", data), mnist("validation", data)
    card = zoo.Card(DIGITS_CNN, MNIST, training_command(options), TERMS, {})
    train_classifier(train, held_out, card, options)


def _train_flow(
    recipe: zoo.Recipe, options: TrainingOptions, data: Path | None
) -> None:
    train, held_out = mnist("train", data), mnist("validation", data)
    card = zoo.Card(recipe, MNIST, training_command(options), TERMS, {})
    train_flow(train.images, held_out.images, card, options)


MNIST_FLOW = Training("mnist-flow", "A Glow of digits.", 18, train_mnist_flow)
MNIST_REALNVP = Training(
    "mnist-realnvp", "A RealNVP of digits.", 5, train_mnist_realnvp
)
MNIST_FLOW_MATCHING = Training(
    "mnist-flow-matching",
    "A velocity field of digits.",
    2,
    train_mnist_flow_matching,
    64,
)
MNIST_CNN = Training("mnist-cnn", "A classifier of digits.", 5, train_mnist_cnn)
