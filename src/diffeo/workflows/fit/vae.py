"""Variational autoencoders of a user's images."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.data.levels import to_bytes
from diffeo.models.sides import levels_that_fit
from diffeo.models.vae import VAE
from diffeo.shapes import Images
from diffeo.statements.diagnosis import Diagnosis
from diffeo.training.evidence import evidence
from diffeo.workflows.fit.common_answers import length_answer
from diffeo.workflows.fit.expectations import why_vae
from diffeo.workflows.fit.image_model import HeldOut, ImageModel
from diffeo.workflows.fit.quality import Answer
from diffeo.workflows.train.module import TrainingOptions
from diffeo.workflows.train.vae import train_vae

__all__ = ["VAEModel"]

WIDTHS = {  # channels of each level, finest first
    "small": (16, 32, 64, 96),
    "medium": (32, 64, 96, 128),
    "large": (48, 96, 144, 192),
}
LATENT, LATENT_OF_LARGE = 16, 128  # coordinates; as of the digits and the faces here
USUAL = 0.5, 1.2  # ‖z‖ of held-out images over that of draws
PATIENCE = 20  # passes after the best one: of few images it soon learns by heart
LOST = 0.5  # of what the mean image loses, at most


class VAEModel(ImageModel):
    """A variational autoencoder, fitted by its evidence lower bound.

    Example:
        >>> VAEModel((1, 28, 28)).recipe("medium").settings["widths"]
        [32, 64]
    """

    title: ClassVar[str] = "variational autoencoder"
    unit: ClassVar[str] = "nats a pixel"
    gap: ClassVar[float] = 0.2
    falling: ClassVar[float] = 0.01

    def recipe(self, size: str) -> zoo.Recipe:
        """Return a recipe of as many levels as fit, up to four."""

        settings = {
            "shape": list(self.shape),
            "latent": LATENT_OF_LARGE if self.large else LATENT,
            "widths": levels_that_fit(WIDTHS[size], self.shape[1:]),
        }

        return zoo.Recipe("vae", settings)

    def train(
        self, images: tuple[Images, HeldOut], card: zoo.Card, options: TrainingOptions
    ) -> None:
        """Train an autoencoder; see `train_vae`."""

        train, held_out = map(to_bytes, images)
        train_vae((train, held_out), card, replace(options, patience=PATIENCE))

    def loss(self, model: nn.Module, x: Images, generator: torch.Generator) -> Tensor:
        """Return the mean negative bound of log-densities, in nats a pixel."""

        return -evidence(cast("VAE", model), x, generator).mean() / x[0].numel()

    def answers(self, diagnosis: Diagnosis, steps: int) -> list[Answer]:  # noqa: ARG002
        """Return how much of images comes back, and where their latents lie."""

        x = diagnosis.reconstruction
        lost = diagnosis.error.square().mean().sqrt().item()
        spread = (x - x.mean(0)).square().mean().sqrt().item()

        return [
            Answer(
                "Does most of an image come back after encoding and decoding?",
                f"{255 * lost:.0f} of 255 gray levels are lost, root mean square; "
                f"images differ by {255 * spread:.0f} from their mean",
                lost <= LOST * spread,
                f"at most {LOST:g} times as much is lost",
                "Not usable: what comes back is hardly more than the mean image.",
            ),
            length_answer(diagnosis, *USUAL),
        ]

    def expectations(self, steps: int, images: int) -> Iterator[str]:  # noqa: ARG002
        """Yield what was measured of such autoencoders."""

        yield why_vae()

    def facts(self) -> dict[str, str]:
        """Return how to search in it."""

        return {
            "it is approximate": "search with --residual, which keeps what it loses of "
            "each image"
        }
