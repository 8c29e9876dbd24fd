"""Autoencoders of images with few numbers in their middle."""

import math
from collections.abc import Sequence

from torch import nn

from diffeo.models.perceptron import dense
from diffeo.models.seeded import seeded

__all__ = ["bottleneck"]


def bottleneck(
    shape: tuple[int, ...],
    latent: int,
    *,
    hidden: Sequence[int] = (256, 64),
    seed: int = 0,
) -> nn.Module:
    """Return an autoencoder of data in [0, 1], with linear layers only.

    Trained on one class with a narrow middle it reproduces others badly.

    Args:
        shape: Shape of one datum.
        latent: Numbers in the middle.
        hidden: Widths of the layers on the way there; on the way back in reverse.
        seed: Seed of the initial weights.

    Example:
        >>> import torch
        >>> model = bottleneck((1, 4, 4), latent=2, hidden=(8,))
        >>> model(torch.zeros(3, 1, 4, 4)).shape
        torch.Size([3, 1, 4, 4])
    """

    size = math.prod(shape)
    down = [size, *hidden]
    up = [latent, *reversed(hidden)]

    with seeded(seed):
        return nn.Sequential(
            nn.Flatten(),
            *dense(down),
            nn.Linear(down[-1], latent),
            *dense(up),
            nn.Linear(up[-1], size),
            nn.Sigmoid(),
            nn.Unflatten(1, shape),
        )
