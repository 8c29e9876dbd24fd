"""Velocity fields of a user's images."""

from collections.abc import Iterator
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.data.levels import to_bytes
from diffeo.models.sides import levels_that_fit
from diffeo.shapes import Images
from diffeo.statements.diagnosis import Diagnosis
from diffeo.training.flow_matching import NOISE, path_error
from diffeo.workflows.fit.common_answers import exact_answer, length_answer
from diffeo.workflows.fit.expectations import why_field
from diffeo.workflows.fit.image_model import HeldOut, ImageModel
from diffeo.workflows.fit.quality import Answer
from diffeo.workflows.train.module import TrainingOptions
from diffeo.workflows.train.velocity import train_velocity

__all__ = ["FieldModel"]

WIDTHS = {  # channels of each level, finest first
    "small": (32, 64, 96),
    "medium": (48, 96, 192),
    "large": (64, 128, 256),
}
USUAL = 0.85, 1.15  # ‖z‖ of held-out images over that of draws


class FieldModel(ImageModel):
    """A velocity field, fitted by flow matching.

    Example:
        >>> FieldModel((1, 28, 28)).recipe("small").settings["widths"]
        [32, 64]
    """

    title: ClassVar[str] = "velocity field"
    unit: ClassVar[str] = "in squared error"
    gap: ClassVar[float] = 0.02
    falling: ClassVar[float] = 0.002
    batch: ClassVar[int] = 32
    encoded: ClassVar[int] = 16

    def recipe(self, size: str) -> zoo.Recipe:
        """Return a recipe of as many levels as fit, up to three."""

        widths = levels_that_fit(WIDTHS[size], self.shape[1:])
        settings = {"shape": list(self.shape), "widths": widths}

        return zoo.Recipe("flow-matching", settings)

    def train(
        self, images: tuple[Images, HeldOut], card: zoo.Card, options: TrainingOptions
    ) -> None:
        """Train a field; see `train_velocity`."""

        train, held_out = map(to_bytes, images)
        train_velocity((train, held_out), card, options)

    def loss(self, model: nn.Module, x: Images, generator: torch.Generator) -> Tensor:
        """Return the mean squared error of velocities."""

        field = cast("FlowMatching", model)

        return path_error(field, x, noise=NOISE, generator=generator)

    def noisy(self, x: Images, generator: torch.Generator) -> Images:
        """Return images with the noise of the paths' ends."""

        spread = NOISE / 2  # the field's unit is half the range of images
        noise = torch.randn(x.shape, generator=generator).to(x)

        return x + spread * noise

    def answers(self, diagnosis: Diagnosis, steps: int) -> list[Answer]:  # noqa: ARG002
        """Return whether images come back, and lie where samples are drawn."""

        return [exact_answer(diagnosis), length_answer(diagnosis, *USUAL)]

    def expectations(self, steps: int, images: int) -> Iterator[str]:  # noqa: ARG002
        """Yield what was measured of such fields."""

        yield why_field()
