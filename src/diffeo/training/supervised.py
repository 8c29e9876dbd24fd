"""Fit a classifier by cross-entropy."""

from torch import Tensor
from torch.nn import functional

from diffeo.models.seeded import seeded
from diffeo.training.batches import to_images
from diffeo.training.schedule import Scheduled

__all__ = ["Supervised"]


class Supervised(Scheduled):
    """Minimize the plain cross-entropy of logits.

    Batches are images, as bytes or as floats in [0, 1], and the classes' numbers.

    Args:
        model: Maps images in [0, 1] to logits of shape (batch, classes).
        schedule: The optimizer and its learning rate.
        seed: Seed of what the model draws while it trains, such as dropout.
        crop: What is cut out of training images; held-out ones are squares already.

    Example:
        >>> from torch import nn
        >>> from diffeo.training.schedule import Schedule
        >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
        >>> Supervised(model, Schedule(), seed=0).seed
        0
    """

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Return the mean cross-entropy, with draws that this step owns."""

        pixels, labels = batch
        x = self.training_images(pixels, self.step_generator())

        with seeded(self.step_seed()):
            logits = self.model(x)

        loss = self.loss(logits, labels)
        self.log("train_loss", loss, prog_bar=True)

        return loss

    def validation_step(self, batch: list[Tensor], index: int) -> None:  # noqa: ARG002
        """Log the mean cross-entropy and the accuracy."""

        pixels, labels = batch
        logits = self.model(to_images(pixels))
        self.log("val_loss", self.loss(logits, labels))
        right = self.right(logits, labels).float().mean()
        self.log("val_accuracy", right, prog_bar=True)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean cross-entropy."""

        return functional.cross_entropy(logits, labels)

    def right(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return whether each label is the one with the greatest logit."""

        return logits.argmax(1) == labels
