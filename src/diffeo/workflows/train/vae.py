"""Train variational autoencoders of images."""

from typing import cast

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.models.vae import VAE
from diffeo.training.augmentation import RandomCrop
from diffeo.training.batches import to_images
from diffeo.training.evidence import Evidence, evidence
from diffeo.training.schedule import Schedule
from diffeo.typical import length_ratio
from diffeo.workflows.train.module import TrainingOptions, train_module

__all__ = ["train_vae"]

MEASURED = 500  # held-out images


def train_vae(
    images: tuple[Tensor, Tensor],
    card: zoo.Card,
    options: TrainingOptions,
    *,
    crop: RandomCrop | None = None,
) -> None:
    """Train a variational autoencoder by its evidence lower bound and store it.

    Args:
        images: Images of 8 bits to train on, larger than the model's if they are
            cropped; and held-out ones, on which the bound is logged and the figures
            measured.
        card: What to tell of the weights; its recipe is of an autoencoder.
        options: How long to train, and where to keep what.
        crop: What is cut out of training images at random, if anything.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> settings = {"shape": [1, 8, 8], "latent": 2, "widths": [8]}
        >>> card = zoo.Card(zoo.Recipe("vae", settings), "noise", "none", "none", {})
        >>> x = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
        >>> with TemporaryDirectory() as folder:
        ...     weights = Path(folder, "noise.safetensors")
        ...     train_vae(
        ...         (x, x), card, TrainingOptions(weights, epochs=1, progress=False)
        ...     )
        ...     zoo.card(weights).recipe.settings["seed"]
        0
    """

    card = card.with_seed(options.seed)
    model = cast("VAE", card.recipe.build())
    schedule = options.schedule or Schedule()
    module = Evidence(model, schedule, seed=options.seed, crop=crop)

    def measure(model: nn.Module) -> dict[str, float]:
        vae, x = cast("VAE", model), to_images(images[1][:MEASURED])
        bound = evidence(vae, x, torch.Generator().manual_seed(0)).mean().item()
        z = vae.encode(x)

        return {
            "validation_bound_nats": bound,
            "reconstruction_mse": (vae.decode(z) - x).square().mean().item(),
            "latent_norm_ratio": length_ratio(z).median().item(),
        }

    train_module(module, images[:1], images[1:], card, options, measure)
