"""The trainings behind the shipped weights of digits."""

from pathlib import Path

from diffeo import zoo
from diffeo.data.mnist import mnist
from diffeo.workflows.train import (
    TrainingOptions,
    classifier_recipe,
    flow_recipe,
    train_classifier,
    train_flow,
)
from reproduction.experiment import Training, training_command

__all__ = ["DIGITS_FLOW", "MNIST_CNN", "MNIST_FLOW"]

MNIST = "MNIST, 55,000 of the official training digits (LeCun, Cortes and Burges)"
TERMS = "weights Apache-2.0; MNIST is often listed as CC BY-SA 3.0"
DIGITS_FLOW = flow_recipe((1, 28, 28))
DIGITS_CNN = classifier_recipe((1, 28, 28), 10)


def train_mnist_flow(options: TrainingOptions, data: Path | None) -> None:
    """Train the flow of handwritten digits."""

    train, held_out = mnist("train", data), mnist("validation", data)
    card = zoo.Card(DIGITS_FLOW, MNIST, training_command(options), TERMS, {})
    train_flow(train.images, held_out.images, card, options)


def train_mnist_cnn(options: TrainingOptions, data: Path | None) -> None:
    """Train the classifier of handwritten digits."""

    train, held_out = mnist("train", data), mnist("validation", data)
    card = zoo.Card(DIGITS_CNN, MNIST, training_command(options), TERMS, {})
    train_classifier(train, held_out, card, options)


MNIST_FLOW = Training("mnist-flow", "A flow of digits.", 18, train_mnist_flow)
MNIST_CNN = Training("mnist-cnn", "A classifier of digits.", 5, train_mnist_cnn)
