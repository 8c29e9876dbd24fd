"""A generator that grows from coarse images to fine ones."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate

from diffeo.models.strided import coarsest
from diffeo.shapes import Images, Latent, Maps

__all__ = ["SLOPE", "ProgressiveGenerator", "Scaled", "convolution"]

SLOPE = 0.2  # of units below zero
TINY = 1e-8


class ProgressiveGenerator(nn.Module):
    """Make images in (0, 1), coarse ones first; each doubling adds a level.

    Pixels are divided by the root mean square of their channels, which leaves rows
    independent. Unlike in the source, latents are not, and a sigmoid ends the network.

    Source: Karras, Aila, Laine and Lehtinen, 2018, Progressive growing of GANs for
    improved quality, stability, and variation, Sections 2 and 4, and Table 2.

    Args:
        shape: Channels, height and width of the images.
        latent: Number of latent coordinates.
        widths: Channels of each level, finest first.

    Raises:
        ValueError: If the sides cannot be halved so often.

    Example:
        >>> model = ProgressiveGenerator((1, 16, 16), latent=3, widths=(4, 8, 8))
        >>> model.doublings = 0.5
        >>> model(torch.zeros(2, 3)).shape
        torch.Size([2, 1, 8, 8])
    """

    def __init__(
        self, shape: tuple[int, int, int], latent: int, widths: Sequence[int]
    ) -> None:
        super().__init__()
        self.doublings = float(len(widths) - 1)
        """How often sides are doubled; its fraction is how far the last is faded in."""
        coarse = coarsest(shape, widths[1:])
        self.start = nn.Sequential(
            Scaled(latent, math.prod(coarse), 1),
            nn.Flatten(),
            nn.Unflatten(1, coarse),
            *_normalized_convolution(widths[-1], widths[-1]),
        )
        self.levels = nn.ModuleList(
            nn.Sequential(
                nn.Upsample(scale_factor=2),
                *_normalized_convolution(inputs, outputs),
                *_normalized_convolution(outputs, outputs),
            )
            for inputs, outputs in pairwise(reversed(widths))
        )
        self.to_image = nn.ModuleList(
            Scaled(width, shape[0], 1, gain=1.0) for width in reversed(widths)
        )

    def forward(self, z: Latent) -> Images:
        """Return images, as fine as the generator has grown."""

        finest = math.ceil(self.doublings)
        y = before = self.start(z[:, :, None, None])

        for level in self.levels[:finest]:
            y, before = level(y), y

        x: Tensor = self.to_image[finest](y)

        if finest > self.doublings:
            coarse = interpolate(self.to_image[finest - 1](before), scale_factor=2)
            x = coarse.lerp(x, self.doublings + 1 - finest)

        return x.sigmoid()


class Scaled(nn.Module):
    """A convolution of weights drawn from N(0, 1), which are scaled where they act.

    Args:
        inputs: Channels of its input.
        outputs: Channels of its output.
        side: Side of its kernel.
        gain: Standard deviation of outputs for inputs of one.

    Example:
        >>> Scaled(1, 2, 3)(torch.zeros(1, 1, 4, 4)).shape
        torch.Size([1, 2, 4, 4])
    """

    def __init__(
        self, inputs: int, outputs: int, side: int, *, gain: float = math.sqrt(2)
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, side, side))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = gain / math.sqrt(inputs * side**2)
        self.padding = side // 2

    def forward(self, x: Maps) -> Maps:
        """Return the maps."""

        return conv2d(x, self.scale * self.weight, self.bias, padding=self.padding)


class _PixelNorm(nn.Module):
    def forward(self, x: Maps) -> Maps:
        return x * (x.square().mean(1, keepdim=True) + TINY).rsqrt()


def convolution(inputs: int, outputs: int, side: int = 3) -> tuple[nn.Module, ...]:
    """Return a convolution and its activation.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the output.
        side: Side of the kernel.

    Example:
        >>> len(convolution(1, 2))
        2
    """

    return Scaled(inputs, outputs, side), nn.LeakyReLU(SLOPE)


def _normalized_convolution(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return *convolution(inputs, outputs), _PixelNorm()
