"""The trainings behind the shipped weights of digits."""

from dataclasses import asdict
from pathlib import Path

from diffeo import zoo
from diffeo.coordinates.inversion import InvertedGenerator
from diffeo.data.mnist import mnist
from diffeo.models.flow.recipes import Level
from diffeo.workflows.train import TrainingOptions
from diffeo.workflows.train_classifier import classifier_recipe, train_classifier
from diffeo.workflows.train_flow import flow_recipe, train_flow
from reproduction.domain import trained
from reproduction.experiment import Training, training_command
from reproduction.generators import train_encoder, train_gan, train_vae
from reproduction.velocity import train_velocity

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
DIGITS_VAE = zoo.Recipe("vae", {"shape": SHAPE, "latent": 32, "widths": WIDTHS})
GENERATOR = {"shape": SHAPE, "latent": LATENT, "widths": WIDTHS}
DIGITS_GENERATOR = zoo.Recipe("generator", GENERATOR)
DIGITS_ENCODER = zoo.Recipe("encoder", GENERATOR)
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


def train_mnist_vae(options: TrainingOptions, data: Path | None) -> None:
    """Train a variational autoencoder of digits."""

    train, held_out = mnist("train", data), mnist("validation", data)
    card = zoo.Card(DIGITS_VAE, MNIST, training_command(options), TERMS, {})
    train_vae(train.pixels, held_out.pixels, card, options)


def train_mnist_gan(options: TrainingOptions, data: Path | None) -> None:
    """Train a generator of digits against a critic."""

    train, held_out = mnist("train", data), mnist("validation", data)
    card = zoo.Card(DIGITS_GENERATOR, MNIST, training_command(options), TERMS, {})
    classifier = zoo.load("mnist-cnn")
    train_gan(train.pixels, held_out.pixels, card, options, classifier)


def train_mnist_gan_encoder(options: TrainingOptions, data: Path | None) -> None:
    """Train an encoder from digits to the latents of their generator."""

    place = InvertedGenerator(trained("mnist-gan"), LATENT, tuple(SHAPE))
    train, held_out = mnist("train", data), mnist("validation", data)
    card = zoo.Card(DIGITS_ENCODER, MNIST, training_command(options), TERMS, {})
    train_encoder(train.pixels, held_out.pixels, card, options, place)


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
    60,
    train_mnist_flow_matching,
    256,
)
MNIST_CNN = Training("mnist-cnn", "A classifier of digits.", 5, train_mnist_cnn)
MNIST_VAE = Training(
    "mnist-vae", "A variational autoencoder of digits.", 20, train_mnist_vae
)
MNIST_GAN = Training("mnist-gan", "A generator of digits.", 16, train_mnist_gan, 64)
MNIST_GAN_ENCODER = Training(
    "mnist-gan-encoder",
    "An encoder for the generator of digits.",
    5,
    train_mnist_gan_encoder,
)
