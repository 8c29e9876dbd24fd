"""Images cut, resized and mirrored at random while a model trains."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from diffeo.shapes import Images

__all__ = ["RandomCrop", "disturbed", "jittered"]

SHIFT = 1 / 8  # greatest part of a side that an image is shifted by
BLOT = 1 / 2  # half the side of a square blotted out, where sides are from -1 to 1

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


def jittered(x: Images, amount: float, *, generator: torch.Generator) -> Tensor:
    """Return images with another brightness and contrast each.

    Args:
        x: Images in [0, 1].
        amount: Greatest change of the mean, and greatest relative change of the
            differences from it.
        generator: Source of the changes.

    Example:
        >>> x = torch.tensor([[[[0.25, 0.75]]]])
        >>> jittered(x, 0.0, generator=torch.Generator())
        tensor([[[[0.2500, 0.7500]]]])
    """

    draws = 2 * torch.rand(2, len(x), 1, 1, 1, generator=generator) - 1
    brightness, contrast = amount * draws.to(x.device)
    middle = x.mean((1, 2, 3), keepdim=True)

    changed: Tensor = middle + brightness + (1 + contrast) * (x - middle)

    return changed.clamp(0, 1)


def disturbed(x: Images, probability: float, *, generator: torch.Generator) -> Images:
    """Return images of which some are recolored, shifted, or have a square blotted out.

    A critic that sees real and made images through these does not learn few real ones
    by heart; as other images come as they are, what is made is not disturbed. All is
    differentiable.

    Source: Zhao, Liu, Lin, Zhu and Han, 2020, Differentiable augmentation for
    data-efficient GAN training, Section 3.2. Karras, Aittala, Hellsten, Laine, Lehtinen
    and Aila, 2020, Training generative adversarial networks with limited data, Section
    2.2, for the probability.

    Args:
        x: Images around the middle gray of 0.5.
        probability: Share of images that each of brightness, saturation, contrast,
            place and a square are changed of, in [0, 1].
        generator: Source of the changes.

    Example:
        >>> x = torch.tensor([[[[0.25, 0.75]]]])
        >>> disturbed(x, 0.0, generator=torch.Generator())
        tensor([[[[0.2500, 0.7500]]]])
    """

    draws = torch.rand(7, len(x), 1, 1, 1, generator=generator)
    chosen = torch.rand(5, len(x), 1, 1, 1, generator=generator) < probability
    amounts = (2 * draws - 1) * chosen[[0, 1, 2, 3, 3, 4, 4]]
    brightness, saturation, contrast, down, right, *center = amounts.to(x)
    x = x - 0.5 + brightness / 4
    x = x + saturation * (x - x.mean(1, keepdim=True))
    x = x + contrast / 2 * (x - x.mean((1, 2, 3), keepdim=True))
    x = _shifting(down, x.shape[2]) @ x @ _shifting(right, x.shape[3]).mT
    inside = [
        (torch.linspace(-1, 1, length).to(x) - middle).abs() < BLOT
        for middle, length in zip(center, x.shape[2:], strict=True)
    ]
    blot = inside[0].mT & inside[1] & chosen[4].to(x.device)

    return x.masked_fill(blot, 0) + 0.5


def _shifting(amount: Tensor, length: int) -> Tensor:
    """Return matrices that shift rows by a share of `SHIFT` of all, zeros following."""

    place = torch.arange(length, device=amount.device)
    source = place[:, None] + (SHIFT * length * amount).round()

    return (source == place).to(amount)
