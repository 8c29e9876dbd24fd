"""The trainings behind the weights of chest X-rays."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from diffeo import zoo
from diffeo.data.chexpert import chexpert
from diffeo.data.xrays import XRays
from diffeo.models.flow.recipes import Level
from diffeo.shapes import Images
from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import to_images
from diffeo.training.noise import GaussianNoise
from diffeo.training.schedule import Schedule
from diffeo.workflows.train.classifier import train_classifier
from diffeo.workflows.train.flow import train_flow
from diffeo.workflows.train.module import TrainingOptions, train_module
from diffeo.workflows.train.sample_sheet import draw_samples
from reproduction.chest.organs import ORGANS, organ_masks
from reproduction.chest.ratio import Masks, cardiothoracic_ratio, found_organs
from reproduction.chest.segmentation import Segmentation, dice
from reproduction.experiment import Size, Training, training_command
from reproduction.paper_glow import glows

__all__ = [
    "CHEST_TRAININGS",
    "DRAWN",
    "MARGIN",
    "SIZE",
    "has_masks",
    "measured",
    "overlaps",
]

SIZE, MARGIN = 128, 3  # pixels of an image, and on each of its sides to crop from
DRAWN = "jsrt", "wingspan"  # sources with masks
CHEST = "JSRT and Wingspan (Shiraishi et al.; Dong et al.), training images"
ALL = "JSRT, Wingspan and NIH ChestX-ray8 (Wang et al.), training images"
OFFICIAL = "CheXpert (Irvin et al.), training images"
TERMS = "research only, as the data"
CROP = RandomCrop(SIZE, zoom=0.05, mirror=False)  # the heart is on the left
LEVELS = Level(2, 32), Level(4, 64), Level(6, 96), Level(6, 128), Level(4, 160)
FLOWS = glows(1, SIZE, LEVELS)
CHEST_CNN = zoo.Recipe("cnn", {"shape": [1, SIZE, SIZE], "classes": 2, "width": 8})
ORGANS_UNET = {"channels": 1, "outputs": len(ORGANS), "width": 8, "depth": 4}


def has_masks(xrays: XRays) -> bool:
    """Return whether there are X-rays of a source with masks: not in CheXpert itself.

    Args:
        xrays: X-rays of any sources.
    """

    return not set(DRAWN).isdisjoint(xrays.sources)


def measured(xrays: XRays) -> XRays:
    """Return the X-rays of the sources with masks, or all where none has any.

    Args:
        xrays: X-rays of any sources.

    Raises:
        ValueError: If there are images of one source with masks and not of the other.
    """

    return xrays.from_sources(*DRAWN) if has_masks(xrays) else xrays


def train_chest_flow(size: Size, options: TrainingOptions, data: Path | None) -> None:
    """Train the flow of chest X-rays of all sources, never mirrored."""

    train = chexpert("train", data, size=SIZE + 2 * MARGIN)
    held_out = chexpert("validation", data, size=SIZE).labelled().images
    told = ALL if has_masks(train) else OFFICIAL
    train_flow(
        train.labelled().images,
        held_out,
        zoo.Card(FLOWS[size], told, training_command(options, size), TERMS, {}),
        replace(options, draw=draw_samples, schedule=Schedule(rate=1e-3)),
        noise=GaussianNoise(),
        crop=CROP,
    )


def train_chest_cnn(options: TrainingOptions, data: Path | None) -> None:
    """Train the classifier of enlarged hearts, on measured ones where there are any."""

    train = measured(chexpert("train", data, size=SIZE + 2 * MARGIN))
    held_out = measured(chexpert("validation", data, size=SIZE))
    told = CHEST if has_masks(train) else OFFICIAL
    train_classifier(
        train.labelled(),
        held_out.labelled(),
        zoo.Card(CHEST_CNN, told, training_command(options), TERMS, {}),
        options,
        crop=CROP,
    )


def train_chest_unet(options: TrainingOptions, data: Path | None) -> None:
    """Train the network that finds heart and lungs, on masks drawn by hand."""

    def read(split: Literal["train", "validation"]) -> tuple[Tensor, Tensor]:
        xrays = chexpert(split, data, size=SIZE)

        if not has_masks(xrays):
            raise ValueError(
                f"chest-unet must have masks of heart and lungs, those of "
                f"{' and '.join(DRAWN)}, got {split} images without these sources"
            )

        xrays = xrays.from_sources(*DRAWN)

        return xrays.pixels, organ_masks(xrays, data)

    pixels, masks = read("validation")
    recipe = zoo.Recipe("unet", {**ORGANS_UNET, "seed": options.seed})
    train_module(
        Segmentation(recipe.build(), Schedule(warmup=50), seed=options.seed),
        read("train"),
        (pixels, masks),
        zoo.Card(recipe, CHEST, training_command(options), TERMS, {}),
        options,
        lambda model: overlaps(model, to_images(pixels), masks),
    )


def overlaps(model: nn.Module, x: Images, masks: Masks) -> dict[str, float]:
    """Return the mean Dice coefficient of each organ, and how far ratios are off.

    Args:
        model: Finds the organs.
        x: X-rays that it has not seen.
        masks: Where their organs are.
    """

    found = found_organs(model, x)
    overlap = dice(found, masks).mean(0)
    ratios = [cardiothoracic_ratio(each) for each in (found, masks)]

    return {
        **{
            f"validation_dice_{organ}": value
            for organ, value in zip(ORGANS, overlap.tolist(), strict=True)
        },
        "validation_ratio_error": (ratios[0] - ratios[1]).abs().nanmean().item(),
    }


CHEST_TRAININGS = (
    Training(
        "chest-flow",
        "A Glow of chest X-rays.",
        170,
        partial(train_chest_flow, "small"),
        32,
        partial(train_chest_flow, "paper"),
    ),
    Training("chest-cnn", "A classifier of enlarged hearts.", 60, train_chest_cnn, 32),
    Training("chest-unet", "A network that finds organs.", 30, train_chest_unet, 16),
)
