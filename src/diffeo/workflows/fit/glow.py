"""Glows of a user's images."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import as_flow
from diffeo.shapes import Images
from diffeo.statements.diagnosis import Diagnosis
from diffeo.training.noise import GaussianNoise, Noise, UniformNoise
from diffeo.workflows.fit.common_answers import exact_answer
from diffeo.workflows.fit.expectations import expected_of, why_glow
from diffeo.workflows.fit.image_model import HeldOut, ImageModel
from diffeo.workflows.fit.quality import Answer
from diffeo.workflows.train.flow import flow_recipe, train_flow
from diffeo.workflows.train.module import TrainingOptions

__all__ = ["GlowModel"]

FEW, FINE = 500, 10_000  # steps below which hardly any, and from which fine forms come
TYPICAL = 0.5  # share of held-out images whose latent is as long as a draw's, at least


class GlowModel(ImageModel):
    """A Glow, fitted by maximum likelihood.

    Example:
        >>> _, expected, _ = GlowModel((1, 28, 28)).expectations(300, images=50)
        >>> expected[:35]
        'Expect colors and light, hardly for'
    """

    title: ClassVar[str] = "Glow"
    figure: ClassVar[str] = "val_bits"
    unit: ClassVar[str] = "bits"
    gap: ClassVar[float] = 0.3
    falling: ClassVar[float] = 0.02
    batch: ClassVar[int] = 16

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__(shape)
        self.noise: Noise = GaussianNoise() if self.large else UniformNoise()

    def recipe(self, size: str) -> zoo.Recipe:
        """Return a recipe; see `flow_recipe`."""

        return flow_recipe(self.shape, size)

    def train(
        self, images: tuple[Images, HeldOut], card: zoo.Card, options: TrainingOptions
    ) -> None:
        """Train a flow; see `train_flow`."""

        train_flow(*images, card, options, noise=self.noise)

    def untrained(self, size: str, x: Images) -> nn.Module:
        """Return a flow whose first scales are taken from images."""

        flow = as_flow(super().untrained(size, x))
        noisy = self.noise(x, 0.0, generator=torch.Generator().manual_seed(0))
        initialize(flow, noisy)

        return flow

    def loss(self, model: nn.Module, x: Images, generator: torch.Generator) -> Tensor:
        """Return bits per dimension of images with the noise of a training's end."""

        return as_flow(model).bits_per_dimension(self.noisy(x, generator)).mean()

    def noisy(self, x: Images, generator: torch.Generator) -> Images:
        """Return images with the noise of a training's end."""

        return self.noise(x, 1.0, generator=generator)

    def answers(self, diagnosis: Diagnosis, steps: int) -> list[Answer]:
        """Return whether images come back and are typical, and come in detail.

        The course of a training does not tell of detail: at its end the steps get
        small, so that little is won however short it was.
        """

        typical = diagnosis.typical_share

        return [
            exact_answer(diagnosis),
            Answer(
                "Do held-out images lie where samples are drawn?",
                f"{typical:.0%} of them have coordinates as long as a draw’s",
                typical >= TYPICAL,
                f"at least {TYPICAL:.0%}",
                "Rough: it does not know yet how likely such images are. Read "
                "counterfactuals as hints of color and light; take more minutes.",
            ),
            Answer(
                "Was training long enough for fine detail?",
                f"{steps:,} steps",
                steps >= FINE,
                f"at least {FINE:,}",
                "Usable for coarse forms: more minutes would give finer ones.",
            ),
        ]

    def expectations(self, steps: int, images: int) -> Iterator[str]:
        """Yield what was measured of such flows."""

        yield why_glow()
        yield f"Expect {_of_steps(steps)}"
        yield f"Of so many images, {expected_of(images)}"

    def facts(self) -> dict[str, str]:
        """Return what bits are of."""

        return {
            "bits are of images": "with normal noise of 3 gray levels"
            if self.large
            else "of 256 gray levels"
        }


def _of_steps(steps: int) -> str:
    if steps < FEW:
        return (
            "colors and light, hardly forms: a first look, to see that all works. A "
            "useful flow takes thousands of steps."
        )

    if steps < FINE:
        return "coarse forms: counterfactuals that can be read, not fine detail."

    return "forms in detail, where there are thousands of images."
