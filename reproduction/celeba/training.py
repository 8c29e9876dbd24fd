"""The trainings behind the weights of faces."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.inversion import InvertedGenerator
from diffeo.data.celeba import celeba
from diffeo.data.labelled import LabelledImages
from diffeo.models.flow.recipes import Level
from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import to_images
from diffeo.training.noise import GaussianNoise
from diffeo.training.schedule import Schedule
from diffeo.workflows.train.classifier import train_classifier
from diffeo.workflows.train.flow import train_flow
from diffeo.workflows.train.module import TrainingOptions, train_module
from diffeo.workflows.train.sample_sheet import draw_samples
from diffeo.workflows.train.vae import train_vae
from diffeo.workflows.train.velocity import train_velocity
from reproduction.celeba.instances import InstanceDiscrimination, Views, found_again
from reproduction.domain import trained
from reproduction.experiment import Size, Training, training_command
from reproduction.generators import (
    last_hidden,
    train_encoder,
    train_progressive_gan,
)
from reproduction.pairs import Pairing
from reproduction.paper_glow import glows
from reproduction.reflow import train_reflow

__all__ = [
    "ATTRIBUTES",
    "CELEBA_TRAININGS",
    "FLOWS",
    "INNER",
    "MARGIN",
    "SIZE",
    "correct_prior",
    "rarer_class",
]

SIZE, MARGIN = 64, 6  # pixels of an image, and on each of its sides to crop from
CELEBA = "CelebA, the training images of its partition (Liu, Luo, Wang and Tang)"
TERMS = "non-commercial research only, as CelebA"
LEVELS = Level(8, 64), Level(8, 96), Level(8, 120), Level(6, 128)
FLOWS = glows(3, SIZE, LEVELS)
FACES_CNN = zoo.Recipe("cnn", {"shape": [3, SIZE, SIZE], "classes": 2, "width": 16})
FACES_VAE = zoo.Recipe(
    "vae", {"shape": [3, SIZE, SIZE], "latent": 128, "widths": [32, 64, 96, 128]}
)
FACES_FIELD = zoo.Recipe(
    "flow-matching", {"shape": [3, SIZE, SIZE], "widths": [64, 128, 256], "blocks": 2}
)
FAST_FIELD = zoo.Recipe(
    "flow-matching",
    {
        **FACES_FIELD.settings,
        "blocks": 1,
        "steps": 4,
        "power": 1.5,
        "tolerance": 1e-4,
    },
)
SHAPE, LATENT = [3, SIZE, SIZE], 128  # of the generator's images
FACES_GENERATOR = zoo.Recipe(
    "progressive-generator",
    {"shape": SHAPE, "latent": LATENT, "widths": [32, 64, 128, 192, 256]},
)
FACES_ENCODER = zoo.Recipe(
    "encoder", {"shape": SHAPE, "latent": LATENT, "widths": [32, 64, 128, 192]}
)
INNER = Views(side=40, below=6)  # eyes, nose and mouth, with hardly any hair
FACES_IDENTITY = zoo.Recipe(
    "encoder",
    {"shape": [3, INNER.side, INNER.side], "latent": 128, "widths": [64, 128, 256]},
)
JITTER = RandomCrop(SIZE, zoom=0.03)  # of the images that samples are to be alike
ATTRIBUTES = {"blond": "Blond_Hair", "smiling": "Smiling", "young": "Young"}


def _pixels(data: Path | None, margin: int = MARGIN) -> tuple[Tensor, Tensor]:
    """Return faces to train on, with a margin to crop from, and held-out ones."""

    train = celeba("train", data, size=SIZE, margin=margin).pixels

    return train, celeba("validation", data, size=SIZE).pixels


def _card(
    recipe: zoo.Recipe,
    options: TrainingOptions,
    size: Size = "small",
    about: str = CELEBA,
) -> zoo.Card:
    return zoo.Card(recipe, about, training_command(options, size), TERMS, {})


def train_celeba_flow(size: Size, options: TrainingOptions, data: Path | None) -> None:
    """Train the flow of faces, with normal noise that falls to 3/255."""

    train, held_out = map(to_images, _pixels(data))
    train_flow(
        train,
        held_out,
        _card(FLOWS[size], options, size),
        replace(options, draw=draw_samples, schedule=Schedule(rate=1e-3)),
        noise=GaussianNoise(),
        crop=RandomCrop(SIZE),
    )


def train_celeba_flow_matching(options: TrainingOptions, data: Path | None) -> None:
    """Train a velocity field of faces."""

    card = _card(FACES_FIELD, options)
    train_velocity(_pixels(data), card, options, crop=RandomCrop(SIZE))


def train_celeba_reflow(options: TrainingOptions, data: Path | None) -> None:
    """Train a smaller velocity field of faces on the pairs of the other one."""

    teacher = cast("FlowMatching", trained("celeba-flow-matching"))
    pairing = Pairing(
        seed=options.seed,
        device=options.device,
        crop=RandomCrop(SIZE),
        progress=options.progress,
    )
    about = f"{CELEBA}, and samples of celeba-flow-matching"
    card = _card(FAST_FIELD, options, about=about)
    train_reflow(_pixels(data), teacher, pairing, card, options)


def train_celeba_vae(options: TrainingOptions, data: Path | None) -> None:
    """Train a variational autoencoder of faces."""

    card = _card(FACES_VAE, options)
    train_vae(_pixels(data), card, options, crop=RandomCrop(SIZE))


def train_celeba_gan(options: TrainingOptions, data: Path | None) -> None:
    """Train a generator of faces against a critic, both growing."""

    card, features = _card(FACES_GENERATOR, options), trained("celeba-smiling")
    train_progressive_gan(
        _pixels(data, 2), card, options, last_hidden(features), crop=JITTER
    )


def train_celeba_gan_encoder(options: TrainingOptions, data: Path | None) -> None:
    """Train an encoder from faces to the latents of their generator."""

    place = InvertedGenerator(trained("celeba-gan"), LATENT, tuple(SHAPE))
    card = _card(FACES_ENCODER, options)
    train_encoder(_pixels(data, 2), card, options, place, crop=JITTER)


def train_celeba_identity(options: TrainingOptions, data: Path | None) -> None:
    """Train a network to tell every face from all others, by its inner part."""

    images, card = _pixels(data), _card(FACES_IDENTITY, options)
    card = card.with_seed(options.seed)
    train_module(
        InstanceDiscrimination(
            card.recipe.build(), Schedule(decay=0.05), INNER, seed=options.seed
        ),
        images[:1],
        images[1:],
        card,
        options,
        lambda model: {"found_again": found_again(model, to_images(images[1]), INNER)},
    )


def train_celeba_classifier(
    attribute: str, options: TrainingOptions, data: Path | None
) -> None:
    """Train a classifier of faces; those of the rarer class come more often.

    Its probabilities are then corrected for that.

    Args:
        attribute: What it looks for, as the data call it.
        options: How long to train, and where to keep what.
        data: The folder of the data sets.
    """

    train = celeba("train", data, size=SIZE, margin=MARGIN).labelled(attribute)
    held_out = celeba("validation", data, size=SIZE).labelled(attribute)
    rarer, times = rarer_class(train)
    again = (train.labels == rarer).nonzero()[:, 0].repeat(times - 1)
    train_classifier(
        train.select(torch.cat((torch.arange(len(train)), again))),
        held_out,
        _card(FACES_CNN, options),
        options,
        crop=RandomCrop(SIZE),
        adjust=partial(correct_prior, rarer=rarer, times=times),
    )


def rarer_class(data: LabelledImages) -> tuple[int, int]:
    """Return the rarer of two classes, and √(more / fewer), rounded."""

    counts = data.labels.bincount(minlength=2).double()
    rarer = int(counts.argmin())

    return rarer, round((counts.max() / counts.min()).sqrt().item())


@torch.no_grad()
def correct_prior(model: nn.Module, rarer: int, times: int) -> None:
    """Correct logits in place for a class that came several times as often.

    Source: Elkan, 2001, The foundations of cost-sensitive learning, Theorem 2.

    Args:
        model: A classifier that ends with a linear layer.
        rarer: The class.
        times: How many times each of its data came.
    """

    *_, last = model.children()
    last.get_parameter("bias")[rarer] -= math.log(times)


def _classifier(name: str, epochs: int) -> Training:
    train: Callable[[TrainingOptions, Path | None], None] = partial(
        train_celeba_classifier, ATTRIBUTES[name]
    )
    title = f"A classifier of faces: {name}."

    return Training(f"celeba-{name}", title, epochs, train, 64)


CELEBA_TRAININGS = (
    Training(
        "celeba-flow",
        "A Glow of faces.",
        43,
        partial(train_celeba_flow, "small"),
        64,
        partial(train_celeba_flow, "paper"),
    ),
    Training(
        "celeba-flow-matching",
        "A velocity field of faces.",
        202,
        train_celeba_flow_matching,
        128,
    ),
    Training(
        "celeba-flow-matching-fast",
        "A smaller field of faces that needs half as many steps.",
        30,
        train_celeba_reflow,
        256,
    ),
    Training(
        "celeba-vae", "A variational autoencoder of faces.", 100, train_celeba_vae, 64
    ),
    Training("celeba-gan", "A generator of faces.", 97, train_celeba_gan, 64),
    Training(
        "celeba-gan-encoder",
        "An encoder for the generator of faces.",
        60,
        train_celeba_gan_encoder,
        64,
    ),
    Training(
        "celeba-identity",
        "A network that tells faces apart.",
        400,
        train_celeba_identity,
        400,
    ),
    _classifier("blond", 15),
    _classifier("smiling", 10),
    _classifier("young", 10),
)
