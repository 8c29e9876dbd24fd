"""How autoencoders and generators are trained, whatever the images."""

from typing import cast

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.coordinates.inversion import InvertedGenerator
from diffeo.models.progressive import ProgressiveGenerator
from diffeo.shapes import Model, Outputs
from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import to_images
from diffeo.training.encoder_regression import EncoderRegression
from diffeo.training.schedule import Schedule
from diffeo.workflows.train.module import TrainingOptions, train_module
from reproduction.adversarial import Adversarial, critic
from reproduction.progressive import ProgressiveAdversarial
from reproduction.progressive_critic import progressive_critic

__all__ = [
    "frechet_distance",
    "last_hidden",
    "train_encoder",
    "train_gan",
    "train_progressive_gan",
]

MEASURED = 500  # held-out images, or samples
SURE = 0.9  # probability
GAME = Schedule(rate=1e-3, momentum=0.0)
GROWTH = Schedule(rate=2e-3, plateau=0.6, momentum=0.0)


def train_gan(
    images: tuple[Tensor, Tensor],
    card: zoo.Card,
    options: TrainingOptions,
    classifier: nn.Module,
) -> None:
    """Train a generator against a critic of the same widths and store it.

    Args:
        images: Images of 8 bits to train on; and held-out ones, on which the critic's
            loss is logged.
        card: What to tell of the weights; its recipe is of a generator.
        options: How long to train, and where to keep what.
        classifier: Logits of images, by which samples are measured.
    """

    card = card.with_seed(options.seed)
    settings = card.recipe.settings
    module = Adversarial(
        card.recipe.build(),
        critic(tuple(settings["shape"]), settings["widths"], seed=options.seed),
        settings["latent"],
        GAME,
        seed=options.seed,
    )

    def measure(model: nn.Module) -> dict[str, float]:
        generator = torch.Generator().manual_seed(0)
        z = torch.randn(MEASURED, settings["latent"], generator=generator)

        return _classes(classifier(model(z)))

    train_module(module, images[:1], images[1:], card, options, measure)


def train_progressive_gan(
    images: tuple[Tensor, Tensor],
    card: zoo.Card,
    options: TrainingOptions,
    features: Model,
    *,
    crop: RandomCrop | None = None,
) -> None:
    """Train a generator that grows, against a critic of the same widths, and store it.

    Args:
        images: Images of 8 bits to train on, larger than the model's if they are
            cropped; and held-out ones, on which the critic's loss is logged, and to
            which the samples' Fréchet distance is measured.
        card: What to tell of the weights; its recipe is of such a generator.
        options: How long to train, and where to keep what.
        features: What images are compared by, shape (batch, features).
        crop: What is cut out of training images at random, if anything.
    """

    card = card.with_seed(options.seed)
    settings = card.recipe.settings
    shape = tuple(settings["shape"])
    module = ProgressiveAdversarial(
        cast("ProgressiveGenerator", card.recipe.build()),
        progressive_critic(shape, settings["widths"], seed=options.seed),
        settings["latent"],
        GROWTH,
        seed=options.seed,
        crop=crop,
    )

    @torch.no_grad()
    def measure(model: nn.Module) -> dict[str, float]:
        train, held_out = images
        generator = torch.Generator().manual_seed(0)
        z = torch.randn(len(held_out), settings["latent"], generator=generator)
        x = to_images(train[: len(held_out)])
        compared = {
            "sample": model(z),
            "train": crop(x, generator=generator) if crop else x,
        }
        expected = features(to_images(held_out))

        return {
            f"{name}_frechet_distance": frechet_distance(features(each), expected)
            for name, each in compared.items()
        }

    train_module(module, images[:1], images[1:], card, options, measure)


def train_encoder(
    images: tuple[Tensor, Tensor],
    card: zoo.Card,
    options: TrainingOptions,
    place: InvertedGenerator,
    *,
    crop: RandomCrop | None = None,
) -> None:
    """Train an encoder to invert a generator and store it.

    Args:
        images: Images of 8 bits to train on, larger than the model's if they are
            cropped; and held-out ones, on which the loss is logged and the figure
            measured.
        card: What to tell of the weights; its recipe is of an encoder.
        options: How long to train, and where to keep what.
        place: The generator's coordinates.
        crop: What is cut out of training images at random, if anything.
    """

    card = card.with_seed(options.seed)
    module = EncoderRegression(
        card.recipe.build(), place, Schedule(), seed=options.seed, crop=crop
    )

    def measure(model: nn.Module) -> dict[str, float]:
        x = to_images(images[1][:MEASURED])
        error = place.to(x.device).decode(model(x)) - x

        return {"reconstruction_mse": error.square().mean().item()}

    train_module(module, images[:1], images[1:], card, options, measure)


def frechet_distance(found: Outputs, expected: Outputs) -> float:
    """Return the squared distance of normal distributions fitted to features.

    Its value depends on the features and on how many images there are: compare it with
    the distance of as many other real images alone.

    Source: Heusel, Ramsauer, Unterthiner, Nessler and Hochreiter, 2017, GANs trained by
    a two time-scale update rule converge to a local Nash equilibrium, equation (6).

    Args:
        found: Features of some images, shape (batch, features).
        expected: Those of as many other images.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> round(frechet_distance(x, x + 2), 6)
        8.0
    """

    means = found.double().mean(0), expected.double().mean(0)
    first, second = found.double().T.cov(), expected.double().T.cov()
    shared = torch.linalg.eigvals(first @ second).real.clamp(min=0).sqrt().sum()
    between = (means[0] - means[1]).square().sum()
    distance: float = (between + (first + second).trace() - 2 * shared).item()

    return distance


def last_hidden(classifier: nn.Module) -> nn.Sequential:
    """Return what comes before the last layer of a classifier, and its dropout.

    Args:
        classifier: As the recipe "cnn" builds it.
    """

    *layers, _, _ = classifier.children()

    return nn.Sequential(*layers)


@torch.no_grad()
def _classes(logits: Outputs) -> dict[str, float]:
    """Return the share of the rarest class of samples, and that of clear ones."""

    sure, found = logits.softmax(1).max(1)
    counts = found.bincount(minlength=logits.shape[1])

    return {
        "sample_rarest_class_share": counts.min().item() / len(found),
        "sample_sure_share": (sure >= SURE).double().mean().item(),
    }
