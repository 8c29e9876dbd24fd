"""Fit maps of images to masks."""

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from diffeo.training.supervised import Supervised

__all__ = ["Segmentation", "dice"]

SMOOTH = 1.0  # pixel that keeps the overlap of empty masks defined


def dice(
    found: Float[Tensor, "batch masks height width"]
    | Bool[Tensor, "batch masks height width"],
    masks: Bool[Tensor, "batch masks height width"],
) -> Float[Tensor, "batch masks"]:
    """Return twice the overlap over the sum of both areas: 1 for equal masks.

    Source: Milletari, Navab and Ahmadi, 2016, V-Net, Section 3, with areas in place of
    their squares.

    Args:
        found: Probabilities, or masks.
        masks: True masks.
    """

    ours, real = found.float(), masks.float()
    overlap = (ours * real).sum((2, 3))
    areas = ours.sum((2, 3)) + real.sum((2, 3))

    return (2 * overlap + SMOOTH) / (areas + SMOOTH)


class Segmentation(Supervised):
    """Minimize binary cross-entropy and 1 − the overlap with masks.

    Batches are images and masks of their size, a channel for each kind.
    """

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean over images and masks."""

        entropy = functional.binary_cross_entropy_with_logits(logits, labels.float())

        return entropy + 1 - dice(logits.sigmoid(), labels).mean()

    def right(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the overlap of each mask."""

        return dice(logits > 0, labels)
