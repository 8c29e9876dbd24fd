"""Models that judge counterfactuals, trained on real data and kept."""

import math
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import pytorch_lightning as lightning
import torch
from torch import Tensor, nn

from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.cache import Cache
from diffeo.metrics.oracles import LinearMachine, Oracle, svm
from diffeo.models.bottleneck import bottleneck
from diffeo.models.classifiers import cnn
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.reconstruction import Reconstruction
from diffeo.training.schedule import Schedule
from diffeo.training.supervised import Supervised

__all__ = [
    "AutoencoderSettings",
    "ClassifierSettings",
    "autoencoder",
    "classifier",
    "linear",
]

EPOCH = 50  # updates that an epoch has at least
VERSION = 1  # of all that decides the weights besides the settings


@dataclass(frozen=True)
class AutoencoderSettings:
    """An autoencoder of one class, too small for others, and its training.

    Args:
        latent: Numbers in its middle.
        hidden: Widths of the layers on the way there.
        shift: Most pixels by which images are moved in training. Without it a class of
            some thousand images is learned by heart, and errors on unseen ones of that
            class hardly differ from those on others.
        steps: Updates of the weights.
        size: Images of one update.
        rate: Learning rate.
        seed: Of first weights and order.
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
        width: Channels of its first convolutions.
        steps: Updates of the weights.
        size: Images of one update.
        rate: Learning rate.
        seed: Of first weights, order and dropout.
    """

    width: int = 8
    steps: int = 1200
    size: int = 128
    rate: float = 2e-3
    seed: int = 0


def autoencoder(
    images: Tensor, settings: AutoencoderSettings, cache: Cache
) -> nn.Module:
    """Return an autoencoder of images, trained or from the cache.

    Args:
        images: In [0, 1], of one class.
        settings: What is trained, and how.
        cache: Where it is kept.
    """

    model = bottleneck(
        tuple(images.shape[1:]),
        settings.latent,
        hidden=settings.hidden,
        seed=settings.seed,
    )
    pixels = _bytes(images)

    def train(model: nn.Module) -> None:
        schedule = Schedule(settings.rate, warmup=_warmup(settings.steps), plateau=0.3)
        module = Reconstruction(
            model, schedule, shift=settings.shift, seed=settings.seed
        )
        _fit(module, (pixels,), settings)

    return cache.trained(
        model, train, data=[pixels], settings=_named("autoencoder", settings)
    )


def classifier(
    data: LabelledImages, settings: ClassifierSettings, cache: Cache
) -> nn.Module:
    """Return a classifier of labelled images, trained or from the cache.

    Args:
        data: Images with their classes; sides divisible by four.
        settings: What is trained, and how.
        cache: Where it is kept.
    """

    channels, height, width = data.images.shape[1:]
    model = cnn(
        (channels, height, width),
        data.classes,
        width=settings.width,
        seed=settings.seed,
    )
    pixels = _bytes(data.images)

    def train(model: nn.Module) -> None:
        schedule = Schedule(
            settings.rate, warmup=_warmup(settings.steps), plateau=0.3, decay=0.05
        )
        module = Supervised(model, schedule, seed=settings.seed)
        _fit(module, (pixels, data.labels), settings)

    return cache.trained(
        model,
        train,
        data=[pixels, data.labels],
        settings=_named("classifier", settings),
    )


def linear(data: LabelledImages, penalty: float, cache: Cache) -> Oracle:
    """Return a linear support-vector machine, fitted or from the cache.

    Args:
        data: Images with their classes.
        penalty: Of slack.
        cache: Where it is kept.
    """

    def train(model: nn.Module) -> None:
        fitted = svm(data.images, data.labels, penalty=penalty)
        model.load_state_dict(fitted.state_dict())

    machine = LinearMachine(data.classes, data.images[0].numel())
    cache.trained(
        machine,
        train,
        data=[_bytes(data.images), data.labels],
        settings={"judge": "linear", "version": VERSION, "penalty": penalty},
    )

    return machine


def _fit(
    module: lightning.LightningModule,
    tensors: tuple[Tensor, ...],
    settings: AutoencoderSettings | ClassifierSettings,
) -> None:
    """Train for about so many updates; few images make up for it by coming often."""

    size, rows = settings.size, len(tensors[0])
    times = math.ceil(min(EPOCH, settings.steps) * size / rows)
    many = [torch.cat([tensor] * times) for tensor in tensors]
    epochs = max(1, round(settings.steps / (len(many[0]) // size)))
    train = batches(*many, size=size, seed=settings.seed)
    few = batches(*(tensor[:size] for tensor in tensors), size=size, seed=None)

    with tempfile.TemporaryDirectory() as folder:
        how = Fit(Path(folder), epochs, average=0.99, progress=False)
        fit(module, train, few, how)


def _warmup(steps: int) -> int:
    return max(1, steps // 20)


def _named(
    kind: str, settings: AutoencoderSettings | ClassifierSettings
) -> dict[str, float | str]:
    values = {name: str(value) for name, value in asdict(settings).items()}

    return {"judge": kind, "version": VERSION, **values}


def _bytes(images: Tensor) -> Tensor:
    return (images * 255).round().to(torch.uint8)
