"""Fit a classifier by cross-entropy."""

import pytorch_lightning as lightning
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional

from diffeo.models.seeded import seeded
from diffeo.training.schedule import Schedule

__all__ = ["Supervised"]


class Supervised(lightning.LightningModule):
    """Minimize the plain cross-entropy of logits.

    Args:
        model: From images in [0, 1] to logits.
        schedule: How to update it.
        seed: Of what the model draws while it trains, such as dropout.
    """

    def __init__(self, model: nn.Module, schedule: Schedule, *, seed: int) -> None:
        super().__init__()
        self.model = model
        self.schedule = schedule
        self.seed = seed

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the mean cross-entropy, with draws that this step owns."""

        pixels, labels = batch

        with seeded(self.seed * 1_000_003 + self.global_step):
            logits = self.model(pixels.float() / 255)

        loss = functional.cross_entropy(logits, labels)
        self.log("train_loss", loss, prog_bar=True)

        return loss

    def validation_step(self, batch: list[Tensor], index: int) -> None:  # noqa: ARG002
        """Log the mean cross-entropy and the accuracy."""

        pixels, labels = batch
        logits = self.model(pixels.float() / 255)
        self.log("val_loss", functional.cross_entropy(logits, labels))
        right = (logits.argmax(1) == labels).float().mean()
        self.log("val_accuracy", right, prog_bar=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return the optimizer and its schedule."""

        return self.schedule.optimizer(
            self.model, int(self.trainer.estimated_stepping_batches)
        )
