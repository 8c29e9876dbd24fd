"""Images disturbed at random before a critic sees them."""

import torch
from torch import Tensor

from diffeo.shapes import Images

__all__ = ["disturbed"]

SHIFT = 1 / 8  # greatest part of a side that an image is shifted by
BLOT = 1 / 2  # half the side of a square blotted out, where sides are from -1 to 1


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
