"""Further classifiers of a task, of another network than the one that is explained."""

from dataclasses import asdict, replace

from torch import nn

from diffeo.data.labelled import LabelledImages
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import ClassifierSettings
from diffeo.models.seeded import seeded
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from diffeo.training.supervised import Supervised
from reproduction.truth.task import SIDE

__all__ = ["other_classifiers"]

SEEDS = 1, 2


def other_classifiers(data: LabelledImages, how: ClassifierSettings) -> list[nn.Module]:
    """Return two classifiers that see fewer details, trained or from the cache.

    Convolutions of stride two stand for pooling. Both differ in their seeds: of the
    first weights, of the order of images, and of dropout.

    Args:
        data: Images with their classes.
        how: The training of the classifier that is explained.
    """

    return [_trained(data, replace(how, seed=seed)) for seed in SEEDS]


def _trained(data: LabelledImages, how: ClassifierSettings) -> nn.Module:
    tensors = data.pixels, data.labels
    size = min(how.size, len(data))
    epochs = max(1, round(how.steps * size / len(data)))
    schedule = Schedule(how.rate, warmup=max(1, how.steps // 20), decay=0.05)

    def learn(model: nn.Module) -> None:
        loader = batches(*tensors, size=size, seed=how.seed)
        module = Supervised(model, schedule, seed=how.seed)
        fit(module, loader, None, Fit(None, epochs, average=0.99, progress=False))

    return Cache.usual().trained(
        _strided(data.classes, how),
        learn,
        data=tensors,
        settings={"network": "strided", **asdict(how)},
    )


def _strided(classes: int, how: ClassifierSettings) -> nn.Module:
    with seeded(how.seed):
        return nn.Sequential(
            nn.Conv2d(1, how.width, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(how.width, 2 * how.width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(2 * how.width * (SIDE // 4) ** 2, 4 * how.width),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4 * how.width, classes),
        )
