"""A small classifier of vectors."""

import itertools
from collections.abc import Sequence

from torch import nn

from diffeo.models.seeded import seeded

__all__ = ["perceptron"]


def perceptron(
    features: int, outputs: int, *, hidden: Sequence[int] = (64, 64), seed: int = 0
) -> nn.Module:
    """Return an untrained multilayer perceptron that returns logits or values.

    Args:
        features: Length of the vectors.
        outputs: Logits or values of each row.
        hidden: Widths of the hidden layers.
        seed: Seed of the initial weights.

    Example:
        >>> import torch
        >>> perceptron(4, 2, hidden=(8,))(torch.zeros(3, 4)).shape
        torch.Size([3, 2])
    """

    widths = (features, *hidden)
    parts: list[nn.Module] = []

    with seeded(seed):
        for inputs, width in itertools.pairwise(widths):
            parts += [nn.Linear(inputs, width), nn.SiLU()]

        return nn.Sequential(*parts, nn.Linear(widths[-1], outputs))
