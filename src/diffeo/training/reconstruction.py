"""Fit an autoencoder by squared error."""

import pytorch_lightning as lightning
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional

from diffeo.training.schedule import Schedule

__all__ = ["Reconstruction", "shifted"]


class Reconstruction(lightning.LightningModule):
    """Minimize the squared Euclidean distance of images to their reconstructions.

    Args:
        model: From images in [0, 1] to such images.
        schedule: How to update it.
        shift: Most pixels by which a training batch is moved, down and across.
        seed: Of the shifts.
    """

    def __init__(
        self, model: nn.Module, schedule: Schedule, *, shift: int, seed: int
    ) -> None:
        super().__init__()
        self.model = model
        self.schedule = schedule
        self.shift = shift
        self.seed = seed

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the mean squared distance, with a shift that this step owns."""

        generator = torch.Generator().manual_seed(
            self.seed * 1_000_003 + self.global_step
        )

        return self._error(shifted(batch[0], self.shift, generator=generator))

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

        error: Tensor = (self.model(x) - x).square().flatten(1).sum(1).mean()

        return error


def shifted(x: Tensor, most: int, *, generator: torch.Generator) -> Tensor:
    """Move all images alike by a few pixels; their edges are repeated.

    Args:
        x: Of shape (batch, channels, height, width).
        most: Pixels, down or up and to either side.
        generator: Of how many.
    """

    height, width = x.shape[2:]
    down, across = torch.randint(2 * most + 1, (2,), generator=generator).tolist()
    wide = functional.pad(x.float(), (most,) * 4, mode="replicate")

    return wide[..., down : down + height, across : across + width]
