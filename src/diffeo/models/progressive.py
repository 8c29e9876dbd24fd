"""A generator and a critic that grow from coarse images to fine ones."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from diffeo.models.seeded import seeded
from diffeo.models.strided import SLOPE, coarsest
from diffeo.shapes import Images, Latent, Maps, Outputs

__all__ = [
    "ProgressiveCritic",
    "ProgressiveGenerator",
    "coarsened",
    "progressive_critic",
    "progressive_generator",
]

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
            _Scaled(latent, math.prod(coarse), 1),
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
            _Scaled(width, shape[0], 1, gain=1.0) for width in reversed(widths)
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


class ProgressiveCritic(nn.Module):
    """Tell real images from made ones, by a logit; as the generator in reverse.

    The spread of a batch is one of the features that a logit is taken from, so that
    samples that are all alike are found out.

    Source: Karras, Aila, Laine and Lehtinen, 2018, Progressive growing of GANs for
    improved quality, stability, and variation, Sections 2 and 3, and Table 2.

    Args:
        shape: Channels, height and width of the images, which are in [0, 1].
        widths: Channels of each level, finest first.

    Raises:
        ValueError: If the sides cannot be halved so often.

    Example:
        >>> model = ProgressiveCritic((1, 16, 16), widths=(4, 8, 8))
        >>> model(torch.zeros(2, 1, 16, 16)).shape
        torch.Size([2, 1])
    """

    def __init__(self, shape: tuple[int, int, int], widths: Sequence[int]) -> None:
        super().__init__()
        self.doublings = float(len(widths) - 1)
        """How often sides are halved; its fraction is how far the first is faded in."""
        coarse, last = coarsest(shape, widths[1:]), widths[-1]
        self.from_image = nn.ModuleList(
            nn.Sequential(_Scaled(shape[0], width, 1), nn.LeakyReLU(SLOPE))
            for width in reversed(widths)
        )
        self.levels = nn.ModuleList(
            nn.Sequential(
                *_convolution(inputs, inputs),
                *_convolution(inputs, outputs),
                nn.AvgPool2d(2),
            )
            for outputs, inputs in pairwise(reversed(widths))
        )
        self.end = nn.Sequential(
            _BatchSpread(),
            *_convolution(last + 1, last),
            nn.Flatten(),
            nn.Unflatten(1, (math.prod(coarse), 1, 1)),
            *_convolution(math.prod(coarse), last, 1),
            _Scaled(last, 1, 1, gain=1.0),
            nn.Flatten(),
        )

    def forward(self, x: Images) -> Outputs:
        """Return a logit of each image, of sides that the critic has grown to."""

        x, finest = 2 * x - 1, math.ceil(self.doublings)
        y = self.from_image[finest](x)

        for level in range(finest, 0, -1):
            y = self.levels[level - 1](y)

            if level > self.doublings:
                coarse = self.from_image[level - 1](avg_pool2d(x, 2))
                y = coarse.lerp(y, self.doublings + 1 - level)

        logits: Outputs = self.end(y)

        return logits


def progressive_generator(
    shape: tuple[int, int, int], latent: int, widths: Sequence[int], *, seed: int = 0
) -> ProgressiveGenerator:
    """Return an untrained generator of images in (0, 1), grown to full size.

    Args:
        shape: Channels, height and width of the images.
        latent: Number of latent coordinates.
        widths: Channels of each level, finest first.
        seed: Seed of the initial weights.

    Example:
        >>> progressive_generator((1, 8, 8), 3, widths=(4, 8))(torch.zeros(2, 3)).shape
        torch.Size([2, 1, 8, 8])
    """

    with seeded(seed):
        return ProgressiveGenerator(shape, latent, widths)


def progressive_critic(
    shape: tuple[int, int, int], widths: Sequence[int], *, seed: int = 0
) -> ProgressiveCritic:
    """Return an untrained critic of images in [0, 1], grown to full size.

    Args:
        shape: Channels, height and width of the images.
        widths: Channels of each level, finest first.
        seed: Seed of the initial weights.

    Example:
        >>> progressive_critic((1, 8, 8), (4, 8))(torch.zeros(2, 1, 8, 8)).shape
        torch.Size([2, 1])
    """

    with seeded(seed):
        return ProgressiveCritic(shape, widths)


def coarsened(x: Images, halvings: float) -> Maps:
    """Return images of halved sides; a fraction fades the next halving in.

    Args:
        x: Images of sides that can be halved so often.
        halvings: How often; at 0.5 images keep their sides and half of what is fine.

    Example:
        >>> coarsened(torch.tensor([[[[0.0, 0.0], [0.0, 1.0]]]]), 1.0)
        tensor([[[[0.2500]]]])
    """

    whole = math.floor(halvings)
    x = avg_pool2d(x, 2**whole)

    if halvings == whole:
        return x

    coarse = interpolate(avg_pool2d(x, 2), scale_factor=2)

    return x.lerp(coarse, halvings - whole)


class _Scaled(nn.Module):
    """A convolution of weights drawn from N(0, 1), which are scaled where they act."""

    def __init__(
        self, inputs: int, outputs: int, side: int, *, gain: float = math.sqrt(2)
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, side, side))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = gain / math.sqrt(inputs * side**2)
        self.padding = side // 2

    def forward(self, x: Maps) -> Maps:
        return conv2d(x, self.scale * self.weight, self.bias, padding=self.padding)


class _PixelNorm(nn.Module):
    def forward(self, x: Maps) -> Maps:
        return x * (x.square().mean(1, keepdim=True) + TINY).rsqrt()


class _BatchSpread(nn.Module):
    """Add a channel of the mean standard deviation of the features over the batch."""

    def forward(self, x: Maps) -> Maps:
        spread = (x.var(0, correction=0) + TINY).sqrt().mean()

        return torch.cat((x, spread.expand_as(x[:, :1])), 1)


def _convolution(inputs: int, outputs: int, side: int = 3) -> tuple[nn.Module, ...]:
    return _Scaled(inputs, outputs, side), nn.LeakyReLU(SLOPE)


def _normalized_convolution(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return *_convolution(inputs, outputs), _PixelNorm()
