"""Images cut, resized, mirrored and tinted at random while a model trains."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from diffeo.shapes import Images

__all__ = ["ColorJitter", "RandomCrop"]

Image = Float[Tensor, "channels height width"]


@dataclass(frozen=True)
class RandomCrop:
    """Cut a square of random place and size out of each image; mirror every other one.

    Args:
        size: Side in pixels that each square is resized to.
        zoom: Greatest relative difference between the side of a square and `size`, in
            [0, 1).
        mirror: Whether half of the images are mirrored, left to right.

    Example:
        >>> crop = RandomCrop(size=8)
        >>> x = torch.rand(3, 1, 10, 10)
        >>> crop(x, generator=torch.Generator().manual_seed(0)).shape
        torch.Size([3, 1, 8, 8])
    """

    size: int
    zoom: float = 0.1
    mirror: bool = True

    def __call__(self, x: Images, *, generator: torch.Generator) -> Tensor:
        """Return squares of the images, in [0, 1] as these.

        Args:
            x: Images in [0, 1], their sides at least `size`.
            generator: Source of places, sizes and mirrorings, whatever the batch.

        Raises:
            ValueError: If the images are smaller.
        """

        if min(x.shape[2:]) < self.size:
            raise ValueError(
                f"images must be at least {self.size} pixels high and wide, got "
                f"{x.shape[2]}×{x.shape[3]}"
            )

        draws = torch.rand(len(x), 4, generator=generator).tolist()
        squares = [
            self._cut(image, *draw) for image, draw in zip(x, draws, strict=True)
        ]

        return torch.stack(squares).clamp(0, 1)

    def _cut(
        self, image: Image, zoom: float, down: float, right: float, mirror: float
    ) -> Tensor:
        side = round(self.size * (1 + self.zoom * (2 * zoom - 1)))
        side = min(side, *image.shape[1:])
        top, left = (
            int(draw * (length - side + 1))
            for draw, length in zip((down, right), image.shape[1:], strict=True)
        )
        square = image[None, :, top : top + side, left : left + side]
        resized = functional.interpolate(
            square, (self.size, self.size), mode="bicubic", antialias=True
        )[0]

        return resized.flip(2) if self.mirror and mirror < 0.5 else resized


@dataclass(frozen=True)
class ColorJitter:
    """Change the brightness, contrast and saturation of each image a little.

    Args:
        strength: Greatest change of brightness, in units of the gray levels, and
            greatest relative one of contrast and saturation, in [0, 1).

    Example:
        >>> jitter, x = ColorJitter(0.1), torch.rand(2, 3, 4, 4)
        >>> jitter(x, generator=torch.Generator().manual_seed(0)).shape
        torch.Size([2, 3, 4, 4])
    """

    strength: float = 0.05

    def __call__(self, x: Images, *, generator: torch.Generator) -> Tensor:
        """Return the images in other colors, in [0, 1] as these.

        Args:
            x: Images in [0, 1].
            generator: Source of the changes, on the processor.
        """

        draws = 2 * torch.rand(3, len(x), 1, 1, 1, generator=generator).to(x) - 1
        brighter, contrast, saturation = self.strength * draws
        gray = x.mean(1, keepdim=True)
        middle = gray.mean((2, 3), keepdim=True)
        colored = gray + (1 + saturation) * (x - gray)
        jittered: Tensor = middle + (1 + contrast) * (colored - middle) + brighter

        return jittered.clamp(0, 1)
