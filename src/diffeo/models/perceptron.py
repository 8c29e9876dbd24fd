"""A small classifier of vectors."""

import itertools
from collections.abc import Sequence

from torch import nn

from diffeo.models.seeded import seeded

__all__ = ["dense", "perceptron"]


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

    with seeded(seed):
        return nn.Sequential(*dense(widths), nn.Linear(widths[-1], outputs))


def dense(widths: Sequence[int]) -> list[nn.Module]:
    """Return linear layers from one width to the next, each with its activation.

    Args:
        widths: Those of the input and of all hidden layers.

    Example:
        >>> dense([4, 8])
        [Linear(in_features=4, out_features=8, bias=True), SiLU()]
    """

    return [
        part
        for inputs, outputs in itertools.pairwise(widths)
        for part in (nn.Linear(inputs, outputs), nn.SiLU())
    ]
