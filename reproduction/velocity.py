"""How velocity fields are trained and asked, whatever the images."""

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.data.levels import to_8_bits
from diffeo.shapes import Images, Scores
from diffeo.training.augmentation import ColorJitter, RandomCrop
from diffeo.training.batches import to_images
from diffeo.training.flow_matching import Pair, VelocityMatching, as_drawn, path_error
from diffeo.training.schedule import Schedule
from diffeo.workflows.sample_sheet import draw_samples
from diffeo.workflows.train import TrainingOptions, train_module

__all__ = ["NOISE", "PATIENCE", "measured", "path_errors", "train_velocity", "watched"]

MEASURED = 100  # held-out images that are encoded
PATIENCE = 20  # epochs after the best one; its weights are kept in any case
NOISE = 0.03  # of the data on the paths, as in training


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
    """

    card = card.with_seed(options.seed)
    model = cast("FlowMatching", card.recipe.build())
    train_module(
        VelocityMatching(
            model, Schedule(), seed=options.seed, crop=crop, jitter=jitter, pair=pair
        ),
        images[:1],
        images[1:],
        card,
        watched(options),
        lambda model: measured(model, images[1]),
    )


def watched(options: TrainingOptions) -> TrainingOptions:
    """Return options with which a training draws samples and ends early.

    Args:
        options: How long to train, and where to keep what.
    """

    patience = options.patience or PATIENCE

    return replace(options, draw=draw_samples, patience=patience)


@torch.no_grad()
def measured(model: nn.Module, pixels: Tensor) -> dict[str, float]:
    """Return the error of round trips, and ‖z‖ over what that of noise would be.

    Args:
        model: Coordinates of a velocity field.
        pixels: Images that it has not seen, of which a hundred are encoded.
    """

    field, x = cast("FlowMatching", model), to_images(pixels[:MEASURED])
    z = field.encode(x)

    return {
        "round_trip_rms": (field.decode(z) - x).square().mean().sqrt().item(),
        "latent_norm_ratio": z.square().mean(1).sqrt().median().item(),
    }


@torch.no_grad()
def path_errors(field: FlowMatching, x: Images, *, draws: int) -> Scores:
    """Return the mean squared error of velocities on paths from noise to each image.

    Summed over the times with a weight that never falls with noise, it would bound the
    log-density of noisy data from below. Unlike a log-density it needs no encoding and
    no determinants: so many evaluations of the field. All images share their draws.

    Source: Kingma and Gao, 2023, Understanding diffusion objectives as the ELBO with
    simple data augmentation, Section 4.

    Args:
        field: Coordinates whose velocities are asked.
        x: Images in [0, 1], which are rounded to 8 bits.
        draws: Number of draws of noise and time.
    """

    def error(image: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        rows = image.expand(draws, *image.shape)

        return path_error(field, rows, noise=NOISE, generator=generator)

    return torch.stack([error(image) for image in to_8_bits(x)])
