"""Fit an autoencoder by squared error."""

import pytorch_lightning as lightning
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from diffeo.training.schedule import Schedule

__all__ = ["Reconstruction"]


class Reconstruction(lightning.LightningModule):
    """Minimize the squared Euclidean distance of images to their reconstructions.

    Args:
        model: From images in [0, 1] to such images.
        schedule: How to update it.
    """

    def __init__(self, model: nn.Module, schedule: Schedule) -> None:
        super().__init__()
        self.model = model
        self.schedule = schedule

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the mean squared distance."""

        return self._error(batch[0])

    def validation_step(self, batch: list[Tensor], index: int) -> None:  # noqa: ARG002
        """Log the mean squared distance."""

        self.log("val_error", self._error(batch[0]), prog_bar=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return the optimizer and its schedule."""

        return self.schedule.optimizer(
            self.model, int(self.trainer.estimated_stepping_batches)
        )

    def _error(self, pixels: Tensor) -> Tensor:
        x = pixels.float() / 255

        return (self.model(x) - x).square().flatten(1).sum(1).mean()
