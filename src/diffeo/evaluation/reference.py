"""The real data that counterfactuals are compared with."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from diffeo.data.labelled import LabelledImages
from diffeo.data.levels import to_bytes
from diffeo.shapes import Images

__all__ = ["Labels", "Reference"]

Labels = Int[Tensor, " rows"] | Float[Tensor, " rows"]
"""A class, or a true value, for each row."""


@dataclass(frozen=True, eq=False)
class Reference:
    """Labelled real data in two parts.

    Args:
        train: What oracles and autoencoders learn from, and where neighbors are found.
        held_out: What no model here has seen, for controls and quantiles.

    Example:
        >>> data = LabelledImages(torch.rand(8, 1, 2, 2), torch.tensor([0, 1] * 4))
        >>> reference = Reference(*data.split(2))
        >>> len(reference.without(data.images[:2]).train)
        2
    """

    train: LabelledImages
    held_out: LabelledImages

    @property
    def has_values(self) -> bool:
        """Whether the labels are true values instead of classes."""

        return self.train.labels.is_floating_point()

    def without(self, images: Images) -> "Reference":
        """Return the data that differ from all of some images in at least one byte.

        What is judged must neither train a judge nor be found as its own neighbor.

        Args:
            images: Images in [0, 1], compared as 8-bit images; the data are moved to
                their device.

        Raises:
            ValueError: If no data are left, or they are of another shape.
        """

        theirs, ours = images.shape[1:], self.train.images.shape[1:]

        if theirs != ours:
            raise ValueError(
                f"data must have images like the record's, {tuple(theirs)}, got "
                f"{tuple(ours)}"
            )

        return Reference(_without(self.train, images), _without(self.held_out, images))


def _contents(images: Images) -> list[bytes]:
    return [row.tobytes() for row in to_bytes(images).cpu().numpy()]


def _without(part: LabelledImages, images: Images) -> LabelledImages:
    known = set(_contents(images))
    kept = torch.tensor([each not in known for each in _contents(part.images)])

    if not kept.any():
        raise ValueError(
            f"data must have images besides the {len(known)} that are explained, got "
            "none"
        )

    found, device = part.select(kept), images.device

    return LabelledImages(found.images.to(device), found.labels.to(device))
