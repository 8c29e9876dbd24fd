"""How velocity fields are trained, whatever the images."""

from typing import cast

import torch
from torch import Tensor

from diffeo import zoo
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import to_images
from diffeo.training.flow_matching import VelocityMatching
from diffeo.training.schedule import Schedule
from diffeo.workflows.train import TrainingOptions, train_module

__all__ = ["train_velocity"]

MEASURED = 100  # held-out images that are encoded


def train_velocity(
    train: Tensor,
    held_out: Tensor,
    card: zoo.Card,
    options: TrainingOptions,
    *,
    crop: RandomCrop | None = None,
) -> None:
    """Train a velocity field by flow matching and store it.

    Args:
        train: Images of 8 bits to train on; larger than the field's if they are
            cropped.
        held_out: Such images, on which the loss is logged and the figures measured.
        card: What to tell of the weights; its recipe is of flow matching.
        options: How long to train, and where to keep what.
        crop: What is cut out of training images at random, if anything.
    """

    card = card.with_seed(options.seed)
    model = cast("FlowMatching", card.recipe.build())
    train_module(
        VelocityMatching(model, Schedule(), seed=options.seed, crop=crop),
        (train,),
        (held_out,),
        card,
        options,
        lambda model: _measured(cast("FlowMatching", model), held_out[:MEASURED]),
    )


@torch.no_grad()
def _measured(model: FlowMatching, pixels: Tensor) -> dict[str, float]:
    """Return the error of round trips, and ‖z‖ over what that of noise would be."""

    x = to_images(pixels)
    z = model.encode(x)

    return {
        "round_trip_rms": (model.decode(z) - x).square().mean().sqrt().item(),
        "latent_norm_ratio": z.square().mean(1).sqrt().median().item(),
    }
