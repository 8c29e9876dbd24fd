"""What `diffeo fit` asks of a kind of generative model of images."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffeo import zoo
from diffeo.shapes import Images
from diffeo.statements.diagnosis import Diagnosis
from diffeo.workflows.fit.quality import Answer
from diffeo.workflows.train.module import TrainingOptions

__all__ = ["SIZES", "HeldOut", "ImageModel"]

HeldOut = Float[Tensor, "others channels height width"]
SIZES = "small", "medium", "large"
LARGE = 48  # pixels a side from which on images are large


class ImageModel(ABC):
    """A kind of generative model of images: its sizes, its training and its quality.

    Args:
        shape: Channels, height and width of an image.

    Raises:
        ValueError: If there is no such model of these images.

    Example:
        >>> from diffeo.workflows.fit.glow import GlowModel
        >>> GlowModel((1, 28, 28)).recipe("small").name
        'glow'
    """

    title: ClassVar[str]
    """What it is called in sentences."""
    figure: ClassVar[str] = "val_loss"
    """The figure of held-out images that a training logs, the less the better."""
    unit: ClassVar[str]
    """The unit of that figure, and of the next two."""
    gap: ClassVar[float]
    """Most that held-out images may need more than those trained on."""
    falling: ClassVar[float]
    """Most that an ended training may still win in its last quarter."""
    batch: ClassVar[int] = 64
    """Images in a batch, where they are large and there is no accelerator."""
    encoded: ClassVar[int] = 200
    """Images that are encoded to measure it."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self.large = min(shape[1:]) >= LARGE
        self.recipe(SIZES[0])

    @abstractmethod
    def recipe(self, size: str) -> zoo.Recipe:
        """Return how a model of a size is built.

        Args:
            size: One of `SIZES`.
        """

    def untrained(self, size: str, x: Images) -> nn.Module:  # noqa: ARG002
        """Return a model that can be trained.

        Args:
            size: One of `SIZES`.
            x: Images in [0, 1]; what depends on data at first is set by these.
        """

        return self.recipe(size).build()

    @abstractmethod
    def train(
        self, images: tuple[Images, HeldOut], card: zoo.Card, options: TrainingOptions
    ) -> None:
        """Train a model and store it.

        Args:
            images: Images in [0, 1] to train on, and held-out ones.
            card: What to tell of the weights.
            options: How long to train, and where to keep what.
        """

    @abstractmethod
    def loss(self, model: nn.Module, x: Images, generator: torch.Generator) -> Tensor:
        """Return the mean loss of images, in the unit of the figure.

        Args:
            model: The model.
            x: Images in [0, 1].
            generator: Source of all that is drawn.
        """

    @abstractmethod
    def answers(self, diagnosis: Diagnosis, steps: int) -> list[Answer]:
        """Return whether images come back, whether they are typical, and what else.

        Args:
            diagnosis: What was found of held-out images, as `noisy` returns them.
            steps: Steps of the training.
        """

    @abstractmethod
    def expectations(self, steps: int, images: int) -> Iterator[str]:
        """Yield why one would take such a model, and what to expect, in sentences.

        Args:
            steps: Steps of the training.
            images: How many images it is trained on.
        """

    def noisy(self, x: Images, generator: torch.Generator) -> Images:  # noqa: ARG002
        """Return images as the training shows them, which is as they are for most."""

        return x

    def facts(self) -> dict[str, str]:
        """Return what else there is to know of the figures, by name."""

        return {}

    @torch.no_grad()
    def mean_loss(self, model: nn.Module, x: Images) -> float:
        """Return the mean loss of images, with the same draws at each call.

        Args:
            model: The model.
            x: Images in [0, 1].
        """

        generator, total = torch.Generator().manual_seed(0), 0.0

        for part in x.split(50):
            total += len(part) * self.loss(model, part, generator).item()

        return total / len(x)
