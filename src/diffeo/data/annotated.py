"""Images of which more is known than a class, each in its place."""

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from diffeo.data.levels import Pixels

__all__ = ["AnnotatedImages"]

A = TypeVar("A", bound="AnnotatedImages")


@dataclass(frozen=True, eq=False)
class AnnotatedImages:
    """Images with what is known of them: all tensors, and `files`, have a row for each.

    Args:
        pixels: Images of 256 levels.

    Example:
        >>> images = AnnotatedImages(torch.zeros(3, 1, 8, 8, dtype=torch.uint8))
        >>> len(images.select(slice(2)))
        2
    """

    pixels: Pixels

    def __len__(self) -> int:
        """Return the number of images."""

        return len(self.pixels)

    def select(self: A, rows: Tensor | slice) -> A:
        """Return some of the images, with what is known of them.

        Args:
            rows: A flag for each image, the images' indices, or a slice.
        """

        known = {each.name: getattr(self, each.name) for each in fields(self)}
        some: dict[str, Any] = {
            name: value[rows]
            for name, value in known.items()
            if isinstance(value, Tensor)
        }

        if "files" in known:
            kept = torch.arange(len(self))[rows].tolist()
            some["files"] = tuple(known["files"][row] for row in kept)

        return replace(self, **some)
