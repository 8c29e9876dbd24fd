"""The trainings behind the shipped weights of digits."""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from torch import Tensor

from diffeo import zoo
from diffeo.coordinates.inversion import InvertedGenerator
from diffeo.data.mnist import mnist
from diffeo.models.flow.recipes import Level
from diffeo.training.batches import to_images
from diffeo.workflows.train.classifier import classifier_recipe, train_classifier
from diffeo.workflows.train.flow import flow_recipe, train_flow
from diffeo.workflows.train.module import TrainingOptions
from diffeo.workflows.train.sample_sheet import draw_samples
from diffeo.workflows.train.vae import train_vae
from diffeo.workflows.train.velocity import train_velocity
from reproduction.domain import trained
from reproduction.experiment import Training, training_command
from reproduction.generators import train_encoder, train_gan

__all__ = [
    "DIGITS_FLOW",
    "MNIST_CNN",
    "MNIST_FLOW",
    "MNIST_FLOW_MATCHING",
    "MNIST_GAN",
    "MNIST_GAN_ENCODER",
    "MNIST_REALNVP",
    "MNIST_VAE",
]

MNIST = "MNIST, 55,000 of the official training digits (LeCun, Cortes and Burges)"
TERMS = "weights Apache-2.0; MNIST is often listed as CC BY-SA 3.0"
DIGITS_FLOW = flow_recipe((1, 28, 28))
DIGITS_REALNVP = zoo.Recipe(
    "realnvp",
    {"shape": [1, 28, 28], "levels": [asdict(Level(4, 32)), asdict(Level(4, 64))]},
)
DIGITS_FIELD = zoo.Recipe("flow-matching", {"shape": [1, 28, 28], "widths": [48, 128]})
SHAPE, LATENT, WIDTHS = [1, 28, 28], 64, [32, 64]  # of the generator's images
DIGITS_VAE = zoo.Recipe("vae", {"shape": SHAPE, "latent": 16, "widths": WIDTHS})
GENERATOR = {"shape": SHAPE, "latent": LATENT, "widths": WIDTHS}
DIGITS_GENERATOR = zoo.Recipe("generator", GENERATOR)
DIGITS_ENCODER = zoo.Recipe("encoder", GENERATOR)
DIGITS_CNN = classifier_recipe((1, 28, 28), 10)


def _card(recipe: zoo.Recipe, options: TrainingOptions) -> zoo.Card:
    return zoo.Card(recipe, MNIST, training_command(options), TERMS, {})


def _pixels(data: Path | None) -> tuple[Tensor, Tensor]:
    """Return digits to train on, and held-out ones."""

    return mnist("train", data).pixels, mnist("validation", data).pixels


def train_mnist_flow(
    recipe: zoo.Recipe, options: TrainingOptions, data: Path | None
) -> None:
    """Train a flow of handwritten digits."""

    train, held_out = map(to_images, _pixels(data))
    train_flow(
        train, held_out, _card(recipe, options), replace(options, draw=draw_samples)
    )


def train_mnist_flow_matching(options: TrainingOptions, data: Path | None) -> None:
    """Train a velocity field of digits."""

    train_velocity(_pixels(data), _card(DIGITS_FIELD, options), options)


def train_mnist_vae(options: TrainingOptions, data: Path | None) -> None:
    """Train a variational autoencoder of digits."""

    train_vae(_pixels(data), _card(DIGITS_VAE, options), options)


def train_mnist_gan(options: TrainingOptions, data: Path | None) -> None:
    """Train a generator of digits against a critic."""

    card, classifier = _card(DIGITS_GENERATOR, options), zoo.load("mnist-cnn")
    train_gan(_pixels(data), card, options, classifier)


def train_mnist_gan_encoder(options: TrainingOptions, data: Path | None) -> None:
    """Train an encoder from digits to the latents of their generator."""

    place = InvertedGenerator(trained("mnist-gan"), LATENT, tuple(SHAPE))
    train_encoder(_pixels(data), _card(DIGITS_ENCODER, options), options, place)


def train_mnist_cnn(options: TrainingOptions, data: Path | None) -> None:
    """Train the classifier of handwritten digits."""

    train, held_out = mnist("train", data), mnist("validation", data)
    train_classifier(train, held_out, _card(DIGITS_CNN, options), options)


MNIST_FLOW = Training(
    "mnist-flow", "A Glow of digits.", 18, partial(train_mnist_flow, DIGITS_FLOW)
)
MNIST_REALNVP = Training(  # of the form that the paper uses for them
    "mnist-realnvp",
    "A RealNVP of digits.",
    5,
    partial(train_mnist_flow, DIGITS_REALNVP),
)
MNIST_FLOW_MATCHING = Training(
    "mnist-flow-matching",
    "A velocity field of digits.",
    60,
    train_mnist_flow_matching,
    256,
)
MNIST_CNN = Training("mnist-cnn", "A classifier of digits.", 5, train_mnist_cnn)
MNIST_VAE = Training(
    "mnist-vae", "A variational autoencoder of digits.", 10, train_mnist_vae
)
MNIST_GAN = Training("mnist-gan", "A generator of digits.", 16, train_mnist_gan, 64)
MNIST_GAN_ENCODER = Training(
    "mnist-gan-encoder",
    "An encoder for the generator of digits.",
    5,
    train_mnist_gan_encoder,
)
