"""Faces with attributes, many for each."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool
from torch import Tensor

from diffeo.data.labelled import LabelledImages
from diffeo.data.levels import Pixels

__all__ = ["Faces"]


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces with their attributes.

    Args:
        pixels: Images of 256 levels in color.
        attributes: Whether each face has each attribute.
        attribute_names: What the attributes are called, such as "Blond_Hair".
        files: The name of each image's file.

    Example:
        >>> pixels = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
        >>> smiling = torch.tensor([[True], [False]])
        >>> faces = Faces(pixels, smiling, ("Smiling",), ("1.jpg", "2.jpg"))
        >>> faces.labelled("Smiling").labels
        tensor([1, 0])
    """

    pixels: Pixels
    attributes: Bool[Tensor, "batch attributes"]
    attribute_names: tuple[str, ...]
    files: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of faces."""

        return len(self.pixels)

    def labelled(self, attribute: str) -> LabelledImages:
        """Return the faces in two classes: 1 with an attribute, 0 without it.

        Args:
            attribute: One of `attribute_names`.

        Raises:
            ValueError: If it is none of them.
        """

        if attribute not in self.attribute_names:
            raise ValueError(
                f"attribute must be one of {', '.join(self.attribute_names)}, got "
                f"{attribute}"
            )

        labels = self.attributes[:, self.attribute_names.index(attribute)].long()

        return LabelledImages(
            self.pixels.float() / 255, labels, (f"not {attribute}", attribute)
        )

    def select(self, rows: Tensor | slice) -> "Faces":
        """Return some of the faces.

        Args:
            rows: A flag for each face, the faces' indices, or a slice.
        """

        kept = torch.arange(len(self))[rows].tolist()

        return replace(
            self,
            pixels=self.pixels[rows],
            attributes=self.attributes[rows],
            files=tuple(self.files[row] for row in kept),
        )
