"""Train classifiers of images."""

from collections.abc import Callable

import torch
from torch import nn

from diffeo import zoo
from diffeo.batching import in_batches
from diffeo.data.labelled import LabelledImages
from diffeo.shapes import Indices, Scores
from diffeo.training.augmentation import RandomCrop
from diffeo.training.schedule import Schedule
from diffeo.training.supervised import Supervised
from diffeo.workflows.train.module import TrainingOptions, train_module

__all__ = ["balanced_accuracy", "classifier_recipe", "train_classifier"]


def classifier_recipe(shape: tuple[int, ...], classes: int) -> zoo.Recipe:
    """Return the recipe of a convolutional classifier of images.

    Args:
        shape: Channels, height and width of an image.
        classes: Number of classes.

    Example:
        >>> classifier_recipe((1, 28, 28), 10).name
        'cnn'
    """

    return zoo.Recipe("cnn", {"shape": list(shape), "classes": classes})


def train_classifier(
    train: LabelledImages,
    held_out: LabelledImages,
    card: zoo.Card,
    options: TrainingOptions,
    *,
    crop: RandomCrop | None = None,
    adjust: Callable[[nn.Module], object] | None = None,
) -> None:
    """Train a classifier of images by cross-entropy and store it.

    Args:
        train: Images to train on; larger than the held-out ones if they are cropped.
        held_out: Images that the accuracy is measured on.
        card: What to tell of the weights. Its recipe gets the seed, its figures what is
            measured.
        options: How long to train, and where to keep what.
        crop: What is cut out of training images at random, if anything.
        adjust: Changes the trained model in place before it is stored.

    Raises:
        FileNotFoundError: If there is no checkpoint to resume from.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> data = LabelledImages(torch.rand(8, 1, 4, 4), torch.arange(8) % 2)
        >>> recipe = zoo.Recipe("cnn", {"shape": [1, 4, 4], "classes": 2, "width": 2})
        >>> card = zoo.Card(recipe, "noise", "an example", "none", {})
        >>> with TemporaryDirectory() as folder:
        ...     weights = Path(folder, "noise.safetensors")
        ...     how = TrainingOptions(weights, epochs=1, progress=False)
        ...     train_classifier(data, data, card, how)
        ...     list(zoo.card(weights).figures)
        ['validation_accuracy', 'validation_balanced_accuracy', 'parameters']
    """

    card = card.with_seed(options.seed)
    model = card.recipe.build()
    schedule = options.schedule or Schedule(decay=0.05)
    module = Supervised(model, schedule, seed=options.seed, crop=crop)
    train_module(
        module,
        (train.pixels, train.labels),
        (held_out.pixels, held_out.labels),
        card,
        options,
        lambda model: _measure_classifier(model, held_out),
        adjust,
    )


def balanced_accuracy(right: Scores, labels: Indices) -> float:
    """Return the mean over the classes of the share of their data that is right.

    Args:
        right: 1 for each datum that a classifier gets right, else 0.
        labels: The true classes.

    Example:
        >>> balanced_accuracy(torch.tensor([1.0, 1.0, 0.0]), torch.tensor([0, 0, 1]))
        0.5
    """

    shares = [right[labels == label].mean() for label in labels.unique()]

    return torch.stack(shares).mean().item()


@torch.no_grad()
def _measure_classifier(model: nn.Module, held_out: LabelledImages) -> dict[str, float]:
    logits = in_batches(model, held_out.images)
    right = (logits.argmax(1) == held_out.labels).double()

    return {
        "validation_accuracy": right.mean().item(),
        "validation_balanced_accuracy": balanced_accuracy(right, held_out.labels),
    }
