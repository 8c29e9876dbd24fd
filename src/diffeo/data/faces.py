"""Faces with attributes, many for each."""

from dataclasses import dataclass

from jaxtyping import Bool
from torch import Tensor

from diffeo.data.annotated import AnnotatedImages
from diffeo.data.labelled import LabelledImages
from diffeo.shapes import Flags

__all__ = ["Faces"]


@dataclass(frozen=True, eq=False)
class Faces(AnnotatedImages):
    """Faces with their attributes.

    Args:
        pixels: Images of 256 levels in color.
        attributes: Whether each face has each attribute.
        attribute_names: What the attributes are called, such as "Blond_Hair".
        files: The name of each image's file.

    Example:
        >>> import torch
        >>> pixels = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
        >>> smiling = torch.tensor([[True], [False]])
        >>> faces = Faces(pixels, smiling, ("Smiling",), ("1.jpg", "2.jpg"))
        >>> faces.labelled("Smiling").labels
        tensor([1, 0])
    """

    attributes: Bool[Tensor, "batch attributes"]
    attribute_names: tuple[str, ...]
    files: tuple[str, ...]

    def has(self, attribute: str) -> Flags:
        """Return whether each face has an attribute.

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

        return self.attributes[:, self.attribute_names.index(attribute)]

    def labelled(self, attribute: str) -> LabelledImages:
        """Return the faces in two classes: 1 with an attribute, 0 without it.

        Args:
            attribute: One of `attribute_names`.

        Raises:
            ValueError: If it is none of them.
        """

        labels = self.has(attribute).long()

        return LabelledImages(
            self.pixels.float() / 255, labels, (f"not {attribute}", attribute)
        )
