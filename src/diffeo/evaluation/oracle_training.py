"""Classifiers and autoencoders trained on real data and kept in a cache."""

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from diffeo.data.labelled import LabelledImages
from diffeo.data.levels import to_bytes
from diffeo.evaluation.cache import Cache
from diffeo.models.bottleneck import bottleneck
from diffeo.models.classifiers import cnn
from diffeo.shapes import Images
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.reconstruction import Reconstruction
from diffeo.training.schedule import Schedule
from diffeo.training.supervised import Supervised

__all__ = [
    "AutoencoderSettings",
    "ClassifierSettings",
    "trained_autoencoder",
    "trained_classifier",
]

EPOCH = 50  # updates that an epoch has at least
VERSION = 2  # of all that decides the weights besides the settings


@dataclass(frozen=True)
class AutoencoderSettings:
    """An autoencoder of one class, too small for others, and its training.

    Args:
        latent: Width of the bottleneck.
        hidden: Widths of the layers on the way there.
        shift: Greatest number of pixels by which images are moved in training. Without
            it a class of some thousand images is learned by heart, and errors on unseen
            ones of that class hardly differ from those on others.
        steps: Number of updates of the weights.
        size: Images of one update.
        rate: Learning rate.
        seed: Seed of the first weights and of the order of images.

    Example:
        >>> AutoencoderSettings(latent=8).hidden
        (512, 128)
    """

    latent: int = 32
    hidden: tuple[int, ...] = (512, 128)
    shift: int = 1
    steps: int = 4000
    size: int = 64
    rate: float = 2e-3
    seed: int = 0


@dataclass(frozen=True)
class ClassifierSettings:
    """A small convolutional classifier and its training.

    Args:
        width: Channels of the first convolutions.
        steps: Number of updates of the weights.
        size: Images of one update.
        rate: Learning rate.
        seed: Seed of the first weights, of the order of images, and of dropout.

    Example:
        >>> ClassifierSettings(seed=101).width
        8
    """

    width: int = 8
    steps: int = 1200
    size: int = 128
    rate: float = 2e-3
    seed: int = 0


def trained_autoencoder(
    images: Images, how: AutoencoderSettings, cache: Cache
) -> nn.Module:
    """Return an autoencoder of images, trained or from the cache.

    Args:
        images: Images in [0, 1], usually of one class.
        how: What is trained, and for how long.
        cache: Where it is kept.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> x = torch.rand(2, 1, 4, 4)
        >>> how = AutoencoderSettings(latent=1, hidden=(2,), steps=1)
        >>> with TemporaryDirectory() as folder:
        ...     model = trained_autoencoder(x, how, Cache(Path(folder)))
        >>> model(x).shape
        torch.Size([2, 1, 4, 4])
    """

    shape = tuple(images.shape[1:])
    model = bottleneck(shape, how.latent, hidden=how.hidden, seed=how.seed)
    schedule = Schedule(how.rate, warmup=max(1, how.steps // 20))
    module = Reconstruction(model, schedule, shift=how.shift, seed=how.seed)

    return _trained(module, images, (), how, cache)


def trained_classifier(
    data: LabelledImages, how: ClassifierSettings, cache: Cache
) -> nn.Module:
    """Return a classifier of labelled images, trained or from the cache.

    Args:
        data: Images with their classes.
        how: What is trained, and for how long.
        cache: Where it is kept.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> data = LabelledImages(torch.rand(2, 1, 4, 4), torch.tensor([0, 1]))
        >>> how = ClassifierSettings(width=1, steps=1)
        >>> with TemporaryDirectory() as folder:
        ...     model = trained_classifier(data, how, Cache(Path(folder)))
        >>> model(data.images).shape
        torch.Size([2, 2])
    """

    channels, height, width = data.images.shape[1:]
    shape = channels, height, width
    model = cnn(shape, data.classes, width=how.width, seed=how.seed)
    schedule = Schedule(how.rate, warmup=max(1, how.steps // 20), decay=0.05)
    module = Supervised(model, schedule, seed=how.seed)

    return _trained(module, data.images, (data.labels,), how, cache)


def _trained(
    module: Reconstruction | Supervised,
    images: Images,
    labels: tuple[Tensor, ...],
    how: AutoencoderSettings | ClassifierSettings,
    cache: Cache,
) -> nn.Module:
    """Train a module's model for about so many updates, or read its weights.

    Few images make up for it by coming often.
    """

    tensors = [to_bytes(images).cpu(), *(each.cpu() for each in labels)]
    key = {"module": type(module).__name__, "version": VERSION, **asdict(how)}

    def train(_: nn.Module) -> None:
        times = math.ceil(min(EPOCH, how.steps) * how.size / len(images))
        many = [torch.cat([tensor] * times) for tensor in tensors]
        epochs = max(1, round(how.steps / (len(many[0]) // how.size)))
        loader = batches(*many, size=how.size, seed=how.seed)
        fit(module, loader, None, Fit(None, epochs, average=0.99, progress=False))

    model = cache.trained(module.model, train, data=tensors, settings=key)

    return model.to(images.device)
