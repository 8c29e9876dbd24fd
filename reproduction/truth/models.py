"""What is trained on the images of a task."""

from dataclasses import asdict, dataclass, field, replace
from functools import partial

import torch
from torch import Tensor, nn

from diffeo.data.labelled import LabelledImages
from diffeo.data.levels import to_bytes
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import AutoencoderSettings, ClassifierSettings
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import Flow, as_flow
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.likelihood import Likelihood
from diffeo.training.noise import UniformNoise
from diffeo.training.schedule import Schedule
from diffeo.workflows.train.flow import flow_recipe
from reproduction.truth.task import SIDE

__all__ = ["QUICK", "Trainings", "misled", "trained_flow"]

BATCH = 32
INITIAL = 1000  # images that the first scales of a flow are taken from
MISLED = 0.1  # of the images of a class bear the other's label


@dataclass(frozen=True)
class Trainings:
    """How long models are trained.

    Args:
        images: Images that all are trained on.
        epochs: Passes of the flow over its images.
        classifier: The classifier and its training.
        autoencoder: The autoencoder that prototypes need, and its training.
    """

    images: int = 12_000
    epochs: int = 8
    classifier: ClassifierSettings = field(
        default_factory=partial(ClassifierSettings, width=8, steps=1000)
    )
    autoencoder: AutoencoderSettings = field(
        default_factory=partial(AutoencoderSettings, steps=2000)
    )


QUICK = Trainings(
    40, 1, ClassifierSettings(width=2, steps=5), AutoencoderSettings(steps=5)
)


def misled(data: LabelledImages) -> LabelledImages:
    """Return the same images, one in ten of them at random with the other's label."""

    generator = torch.Generator().manual_seed(1)
    wrong = torch.rand(len(data), generator=generator) < MISLED

    return replace(data, labels=torch.where(wrong, 1 - data.labels, data.labels))


def trained_flow(images: Tensor, epochs: int) -> Flow:
    """Return a small Glow of the images, trained or from the cache.

    Args:
        images: Images in [0, 1].
        epochs: Passes over them.
    """

    recipe = flow_recipe((1, SIDE, SIDE), "small")
    flow = as_flow(recipe.build())
    schedule = Schedule()
    key = {"recipe": recipe.settings, "epochs": epochs, **asdict(schedule)}

    def train(_: nn.Module) -> None:
        generator = torch.Generator().manual_seed(0)
        initialize(flow, UniformNoise()(images[:INITIAL], 0.0, generator=generator))
        loader = batches(to_bytes(images), size=BATCH, seed=0)
        how = Fit(None, epochs, progress=False)
        fit(Likelihood(flow, schedule, seed=0), loader, None, how)

    return as_flow(
        Cache.usual().trained(flow, train, data=[to_bytes(images)], settings=key)
    )
