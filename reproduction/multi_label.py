"""Fit a classifier of labels that do not exclude each other."""

from torch import Tensor
from torch.nn import functional

from diffeo.training.supervised import Supervised

__all__ = ["MultiLabel"]


class MultiLabel(Supervised):
    """Minimize the binary cross-entropy of labels that do not exclude each other.

    Batches are images and a flag for each label; logits have the labels' shape.
    """

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean binary cross-entropy of all labels."""

        return functional.binary_cross_entropy_with_logits(
            logits, labels.to(logits.dtype)
        )

    def right(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return whether each flag is the likelier one."""

        return (logits > 0) == labels
