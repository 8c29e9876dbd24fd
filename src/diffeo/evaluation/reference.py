"""The real data that counterfactuals are compared with."""

from dataclasses import dataclass

import torch

from diffeo.data.labelled import LabelledImages
from diffeo.shapes import Images, Indices

__all__ = ["Reference"]


@dataclass(frozen=True, eq=False)
class Reference:
    """Labelled real data in two parts.

    Args:
        train: What oracles and autoencoders learn from and where neighbors are found.
        held_out: What no model here has seen: for controls and quantiles.
    """

    train: LabelledImages
    held_out: LabelledImages

    @classmethod
    def of_digits(cls, train: LabelledImages, held_out: LabelledImages) -> "Reference":
        """Return digits as reference data."""

        return cls(
            LabelledImages(train.images, train.labels),
            LabelledImages(held_out.images, held_out.labels),
        )

    def real(self, target: Indices) -> tuple[Images, Indices]:
        """Return a held-out image of each row's class, and how often it came before.

        Rows of one class get its images in their order; when all are used up, they are
        taken again.

        Args:
            target: The class of each row.
        """

        images = self.held_out.images.new_empty(
            len(target), *self.held_out.images.shape[1:]
        )
        again = torch.zeros_like(target)

        for label in target.unique():
            rows = (target == label).nonzero()[:, 0]
            members = self.held_out.of(int(label))
            turn = torch.arange(len(rows), device=target.device)
            images[rows] = members[turn % len(members)]
            again[rows] = turn // len(members)

        return images, again
