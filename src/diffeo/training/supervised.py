"""Fit a classifier by cross-entropy."""

import pytorch_lightning as lightning
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional

from diffeo.models.seeded import seeded
from diffeo.training.batches import to_images
from diffeo.training.schedule import Schedule

__all__ = ["Supervised"]


class Supervised(lightning.LightningModule):
    """Minimize the plain cross-entropy of logits.

    Batches are images, as bytes or as floats in [0, 1], and the classes' numbers.

    Args:
        model: Maps images in [0, 1] to logits of shape (batch, classes).
        schedule: The optimizer and its learning rate.
        seed: Seed of what the model draws while it trains, such as dropout.

    Example:
        >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
        >>> Supervised(model, Schedule(), seed=0).seed
        0
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
            logits = self.model(to_images(pixels))

        loss = functional.cross_entropy(logits, labels)
        self.log("train_loss", loss, prog_bar=True)

        return loss

    def validation_step(self, batch: list[Tensor], index: int) -> None:  # noqa: ARG002
        """Log the mean cross-entropy and the accuracy."""

        pixels, labels = batch
        logits = self.model(to_images(pixels))
        self.log("val_loss", functional.cross_entropy(logits, labels))
        right = (logits.argmax(1) == labels).float().mean()
        self.log("val_accuracy", right, prog_bar=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return the optimizer and its schedule."""

        return self.schedule.optimizer(
            self.model, int(self.trainer.estimated_stepping_batches)
        )
