"""The trainings behind the weights of crowds."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from diffeo import zoo
from diffeo.batching import in_batches
from diffeo.data.crowds import CROWDED, CrowdPatches
from diffeo.data.mall import mall
from diffeo.models.flow.recipes import Level
from diffeo.shapes import Images, Scores
from diffeo.training.noise import GaussianNoise
from diffeo.training.schedule import Schedule
from diffeo.workflows.train.flow import train_flow
from diffeo.workflows.train.module import TrainingOptions, train_module
from diffeo.workflows.train.sample_sheet import draw_samples
from reproduction.experiment import Size, Training, training_command
from reproduction.mall.points import Points
from reproduction.paper_glow import glows

__all__ = ["MALL_TRAININGS", "SIZE", "count_error", "counted"]

SIZE = 64  # pixels of a patch
VALIDATED = 700  # frames up to this one are trained on, those up to 800 validate
MALL = f"Mall (Chen, Loy, Gong and Xiang), patches of the first {VALIDATED} frames"
TERMS = "research only, as Mall"
WIDTHS = {"unet": 16, "oracle": 24}
DENSE = replace(CROWDED, step=16, rows=5, columns=9)  # three times as many patches
LEVELS = Level(4, 48), Level(6, 80), Level(8, 128), Level(6, 160)
FLOWS = glows(3, SIZE, LEVELS, bound=0.7)  # a search goes far from the data


def train_mall_unet(width: int, options: TrainingOptions, data: Path | None) -> None:
    """Train a network that counts heads and says where they are.

    Args:
        width: Channels of its finest features.
        options: How long to train, and where to keep what.
        data: The folder of the data sets.
    """

    train, held_out = _parts(data)
    settings = {"channels": 3, "width": width, "seed": options.seed}
    recipe = zoo.Recipe("locator", settings)
    train_module(
        Points(recipe.build(), Schedule(decay=0.02), seed=options.seed),
        (train.pixels, train.heads),
        (held_out.pixels, held_out.heads),
        zoo.Card(recipe, MALL, training_command(options), TERMS, {}),
        options,
        lambda model: {"validation_count_error": count_error(model, held_out)},
    )


def train_mall_flow(size: Size, options: TrainingOptions, data: Path | None) -> None:
    """Train the flow of patches, with normal noise that falls to 3/255."""

    train, held_out = _parts(data)
    train_flow(
        train.labelled().images,
        held_out.labelled().images,
        zoo.Card(FLOWS[size], MALL, training_command(options, size), TERMS, {}),
        replace(options, draw=draw_samples, schedule=Schedule(rate=1e-3)),
        noise=GaussianNoise(),
    )


@torch.no_grad()
def counted(model: nn.Module, x: Images) -> Scores:
    """Return the number of heads that a model finds in each image."""

    return in_batches(model, x)


def count_error(model: nn.Module, patches: CrowdPatches) -> float:
    """Return the root mean square error of the number of heads.

    Args:
        model: From images to numbers.
        patches: With heads.
    """

    found = counted(model, patches.labelled().images)

    return (found - patches.counts).square().mean().sqrt().item()


def _parts(data: Path | None) -> tuple[CrowdPatches, CrowdPatches]:
    """Return the patches to train on, and later ones to validate.

    Args:
        data: The folder of the data sets.
    """

    train = mall("train", data, grid=DENSE, size=SIZE)
    held_out = mall("train", data, size=SIZE)

    return train.select(train.frames <= VALIDATED), held_out.select(
        held_out.frames > VALIDATED
    )


MALL_TRAININGS = (
    Training(
        "mall-flow",
        "A Glow of crowds.",
        8,
        partial(train_mall_flow, "small"),
        64,
        partial(train_mall_flow, "paper"),
    ),
    *(
        Training(
            f"mall-{name}",
            f"A network that counts heads, with {width} channels.",
            2,
            partial(train_mall_unet, width),
            32,
        )
        for name, width in WIDTHS.items()
    ),
)
