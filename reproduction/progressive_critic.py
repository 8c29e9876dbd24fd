"""A critic that grows from coarse images to fine ones, and such images."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from diffeo.models.progressive import SLOPE, Scaled, convolution
from diffeo.models.seeded import seeded
from diffeo.models.strided import coarsest
from diffeo.shapes import Images, Maps, Outputs

__all__ = ["ProgressiveCritic", "coarsened", "progressive_critic"]

TINY = 1e-8


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
    """

    def __init__(self, shape: tuple[int, int, int], widths: Sequence[int]) -> None:
        super().__init__()
        self.doublings = float(len(widths) - 1)
        """How often sides are halved; its fraction is how far the first is faded in."""
        coarse, last = coarsest(shape, widths[1:]), widths[-1]
        self.from_image = nn.ModuleList(
            nn.Sequential(Scaled(shape[0], width, 1), nn.LeakyReLU(SLOPE))
            for width in reversed(widths)
        )
        self.levels = nn.ModuleList(
            nn.Sequential(
                *convolution(inputs, inputs),
                *convolution(inputs, outputs),
                nn.AvgPool2d(2),
            )
            for outputs, inputs in pairwise(reversed(widths))
        )
        self.end = nn.Sequential(
            _BatchSpread(),
            *convolution(last + 1, last),
            nn.Flatten(),
            nn.Unflatten(1, (math.prod(coarse), 1, 1)),
            *convolution(math.prod(coarse), last, 1),
            Scaled(last, 1, 1, gain=1.0),
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


def progressive_critic(
    shape: tuple[int, int, int], widths: Sequence[int], *, seed: int = 0
) -> ProgressiveCritic:
    """Return an untrained critic of images in [0, 1], grown to full size.

    Args:
        shape: Channels, height and width of the images.
        widths: Channels of each level, finest first.
        seed: Seed of the initial weights.
    """

    with seeded(seed):
        return ProgressiveCritic(shape, widths)


def coarsened(x: Images, halvings: float) -> Maps:
    """Return images of halved sides; a fraction fades the next halving in.

    Args:
        x: Images of sides that can be halved so often.
        halvings: How often; at 0.5 images keep their sides and half of what is fine.
    """

    whole = math.floor(halvings)
    x = avg_pool2d(x, 2**whole)

    if halvings == whole:
        return x

    coarse = interpolate(avg_pool2d(x, 2), scale_factor=2)

    return x.lerp(coarse, halvings - whole)


class _BatchSpread(nn.Module):
    """Add a channel of the mean standard deviation of the features over the batch."""

    def forward(self, x: Maps) -> Maps:
        spread = (x.var(0, correction=0) + TINY).sqrt().mean()

        return torch.cat((x, spread.expand_as(x[:, :1])), 1)
