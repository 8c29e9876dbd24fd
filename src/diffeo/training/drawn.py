"""A loss that depends on data and on random draws."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from diffeo.shapes import Data
from diffeo.training.batches import to_images
from diffeo.training.schedule import Scheduled

__all__ = ["DrawnLoss"]


class DrawnLoss(Scheduled, ABC):
    """Minimize a loss that draws random numbers.

    A training step owns its draws; held-out data meet the same ones every epoch.
    Batches are images, as bytes or as floats in [0, 1], or other data as floats.

    Example:
        >>> from torch import nn
        >>> from diffeo.training.schedule import Schedule
        >>> class Away(DrawnLoss):
        ...     def loss(self, x, generator):
        ...         return (self.model(x) - x).square().mean()
        >>> module = Away(nn.Identity(), Schedule(), seed=0)
        >>> module.loss(torch.ones(2, 1), torch.Generator())
        tensor(0.)
    """

    unit = "loss"
    """What the loss is called in the log, after "train_" and "val_"."""

    @abstractmethod
    def loss(self, x: Data, generator: torch.Generator) -> Tensor:
        """Return the mean loss of data.

        Args:
            x: Data; training images are cropped.
            generator: Source of all that is drawn.
        """

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the mean loss, with draws that this step owns."""

        generator = self.step_generator()
        loss = self.loss(self.training_images(batch[0], generator), generator)
        self.log(f"train_{self.unit}", loss, prog_bar=True)

        return loss

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        """Log the mean loss, with the same draws every epoch."""

        loss = self.loss(to_images(batch[0]), torch.Generator().manual_seed(index))
        self.log(f"val_{self.unit}", loss, prog_bar=True)
