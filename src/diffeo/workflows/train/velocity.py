"""Train velocity fields of images by flow matching."""

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.training.augmentation import ColorJitter, RandomCrop
from diffeo.training.batches import to_images
from diffeo.training.flow_matching import Pair, VelocityMatching, as_drawn
from diffeo.training.schedule import Schedule
from diffeo.typical import length_ratio
from diffeo.workflows.train.module import TrainingOptions, train_module
from diffeo.workflows.train.sample_sheet import draw_samples

__all__ = ["PATIENCE", "measure_field", "train_velocity", "watched"]

MEASURED = 100  # held-out images that are encoded
PATIENCE = 20  # epochs after the best one; its weights are kept in any case


def train_velocity(
    images: tuple[Tensor, Tensor],
    card: zoo.Card,
    options: TrainingOptions,
    *,
    crop: RandomCrop | None = None,
    jitter: ColorJitter | None = None,
    pair: Pair = as_drawn,
) -> None:
    """Train a velocity field by flow matching and store it.

    Args:
        images: Images of 8 bits to train on, larger than the field's if they are
            cropped; and held-out ones, on which the loss is logged and the figures
            measured.
        card: What to tell of the weights; its recipe is of flow matching.
        options: How long to train, and where to keep what.
        crop: What is cut out of training images at random, if anything.
        jitter: How the colors of training images are changed at random, if at all.
        pair: Which noise each image of a batch gets.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> settings = {"shape": [1, 8, 8], "widths": [8]}
        >>> recipe = zoo.Recipe("flow-matching", settings)
        >>> card = zoo.Card(recipe, "noise", "an example", "none", {})
        >>> x = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
        >>> with TemporaryDirectory() as folder:
        ...     weights = Path(folder, "noise.safetensors")
        ...     how = TrainingOptions(weights, epochs=1, progress=False)
        ...     train_velocity((x, x), card, how)
        ...     list(zoo.card(weights).figures)
        ['round_trip_rms', 'latent_norm_ratio', 'parameters']
    """

    card = card.with_seed(options.seed)
    model = cast("FlowMatching", card.recipe.build())
    train_module(
        VelocityMatching(
            model,
            options.schedule or Schedule(),
            seed=options.seed,
            crop=crop,
            jitter=jitter,
            pair=pair,
        ),
        images[:1],
        images[1:],
        card,
        watched(options),
        lambda model: measure_field(model, images[1]),
    )


def watched(options: TrainingOptions) -> TrainingOptions:
    """Return options with which a training draws samples and ends early.

    Args:
        options: How long to train, and where to keep what.

    Example:
        >>> from pathlib import Path
        >>> watched(TrainingOptions(Path("field.safetensors"), epochs=100)).patience
        20
    """

    patience = options.patience or PATIENCE

    return replace(options, draw=draw_samples, patience=patience)


@torch.no_grad()
def measure_field(model: nn.Module, pixels: Tensor) -> dict[str, float]:
    """Return the error of round trips, and ‖z‖ over what that of noise would be.

    Args:
        model: Coordinates of a velocity field.
        pixels: Images that it has not seen, of which a hundred are encoded.

    Example:
        >>> settings = {"shape": [1, 8, 8], "widths": [8]}
        >>> field = zoo.Recipe("flow-matching", settings).build()
        >>> measure_field(field, torch.zeros(2, 1, 8, 8, dtype=torch.uint8))
        {'round_trip_rms': 0.0, 'latent_norm_ratio': 1.0}
    """

    field, x = cast("FlowMatching", model), to_images(pixels[:MEASURED])
    z = field.encode(x)

    return {
        "round_trip_rms": (field.decode(z) - x).square().mean().sqrt().item(),
        "latent_norm_ratio": length_ratio(z).median().item(),
    }
