"""Convolutions of stride two: from images to vectors, and back."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from diffeo.models.centered import Center
from diffeo.models.seeded import seeded
from diffeo.models.sides import check_sides

__all__ = ["coarsest", "downward", "encoder", "generator", "upward"]

GROUPS = 8


def downward(
    shape: tuple[int, int, int], widths: Sequence[int], outputs: int
) -> nn.Sequential:
    """Return layers from images in [−1, 1] to vectors.

    Args:
        shape: Channels, height and width of the images.
        widths: Channels of each level, finest first, multiples of eight; each halves
            both sides.
        outputs: Numbers in a vector.

    Raises:
        ValueError: If the sides cannot be halved so often.

    Example:
        >>> import torch
        >>> downward((1, 8, 8), (8, 16), outputs=3)(torch.zeros(2, 1, 8, 8)).shape
        torch.Size([2, 3])
    """

    return nn.Sequential(
        _down(shape[0], widths[0]),
        *(
            nn.Sequential(nn.GroupNorm(GROUPS, fine), nn.SiLU(), _down(fine, next_))
            for fine, next_ in pairwise(widths)
        ),
        nn.GroupNorm(GROUPS, widths[-1]),
        nn.SiLU(),
        nn.Flatten(),
        nn.Linear(math.prod(coarsest(shape, widths)), outputs),
    )


def upward(
    latent: int, shape: tuple[int, int, int], widths: Sequence[int]
) -> nn.Sequential:
    """Return layers from vectors to images in (0, 1).

    Args:
        latent: Numbers in a vector.
        shape: Channels, height and width of the images.
        widths: Channels of each level, finest first, multiples of eight; each doubles
            both sides.

    Raises:
        ValueError: If the sides cannot be halved so often.

    Example:
        >>> import torch
        >>> upward(3, (1, 8, 8), (8, 16))(torch.zeros(2, 3)).shape
        torch.Size([2, 1, 8, 8])
    """

    coarse = coarsest(shape, widths)

    return nn.Sequential(
        nn.Linear(latent, math.prod(coarse)),
        nn.Unflatten(1, coarse),
        *(_up(next_, fine) for fine, next_ in reversed(list(pairwise(widths)))),
        _up(widths[0], shape[0]),
        nn.Sigmoid(),
    )


def generator(
    shape: tuple[int, int, int], latent: int, widths: Sequence[int], *, seed: int = 0
) -> nn.Module:
    """Return an untrained generator of images in (0, 1).

    It normalizes groups of channels, so that rows do not depend on their batch.

    Source: Radford, Metz and Chintala, 2016, Unsupervised representation learning with
    deep convolutional generative adversarial networks, for transposed convolutions.

    Args:
        shape: Channels, height and width of the images.
        latent: Number of latent coordinates.
        widths: Channels of each level, finest first, multiples of eight.
        seed: Seed of the initial weights.

    Example:
        >>> import torch
        >>> generator((1, 8, 8), latent=3, widths=(8, 16))(torch.zeros(2, 3)).shape
        torch.Size([2, 1, 8, 8])
    """

    with seeded(seed):
        return upward(latent, shape, widths)


def encoder(
    shape: tuple[int, int, int], latent: int, widths: Sequence[int], *, seed: int = 0
) -> nn.Module:
    """Return an untrained encoder of images in [0, 1].

    Args:
        shape: Channels, height and width of the images.
        latent: Number of latent coordinates.
        widths: Channels of each level, finest first, multiples of eight.
        seed: Seed of the initial weights.

    Example:
        >>> import torch
        >>> encoder((1, 8, 8), latent=3, widths=(8,))(torch.zeros(2, 1, 8, 8)).shape
        torch.Size([2, 3])
    """

    with seeded(seed):
        return nn.Sequential(Center(), *downward(shape, widths, latent))


def coarsest(
    shape: tuple[int, int, int], widths: Sequence[int]
) -> tuple[int, int, int]:
    """Return channels and sides of the coarsest level.

    Args:
        shape: Channels, height and width of the images.
        widths: Channels of each level, finest first; each halves both sides.

    Raises:
        ValueError: If the sides cannot be halved so often.

    Example:
        >>> coarsest((1, 8, 4), widths=(16, 32))
        (32, 2, 1)
    """

    divisor = 2 ** len(widths)
    check_sides(shape[1:], divisor)

    return widths[-1], shape[1] // divisor, shape[2] // divisor


def _down(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)


def _up(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.GroupNorm(GROUPS, inputs),
        nn.SiLU(),
        nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1),
    )
