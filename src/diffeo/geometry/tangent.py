"""Tangent spaces of a data manifold, and changes split along and off them."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.geometry.singular import Singular
from diffeo.shapes import Data, Indices, Scores

__all__ = [
    "Parts",
    "Tangent",
    "neighbor_tangent",
    "share_along",
    "split",
    "tangent_space",
]

Samples = Float[Tensor, "samples *data"]
Tangent = Float[Tensor, "batch dimensions axes"]


class Parts(NamedTuple):
    """A change of data as the sum of two orthogonal ones.

    Args:
        along: In the tangent space.
        off: Orthogonal to it.
    """

    along: Data
    off: Data


def tangent_space(found: Singular, dimension: int | Indices) -> Tangent:
    """Return the directions in which coordinates move data most.

    Args:
        found: Singular vectors at some points, at least as many as dimensions.
        dimension: One for all rows, or one a row; `geometry.spectrum` estimates it.
            Axes beyond a row's dimension are zero.

    Raises:
        ValueError: If there are not so many singular vectors.
    """

    rows, most = found.values.shape
    wanted = torch.as_tensor(dimension, device=found.values.device).expand(rows)

    if wanted.min() < 1 or wanted.max() > most:
        raise ValueError(
            f"dimension must be from 1 to {most}, got {wanted.min()} to {wanted.max()}"
        )

    axes = torch.arange(int(wanted.max()), device=wanted.device)
    kept = axes < wanted[:, None]

    return found.left[..., : len(axes)] * kept[:, None]


def neighbor_tangent(
    x: Data,
    data: Samples,
    *,
    neighbors: int = 200,
    dimension: int = 50,
) -> Tangent:
    """Return the principal axes of the data nearest to each row.

    They know nothing of any model but the data.

    Args:
        x: Where.
        data: What lies on the manifold.
        neighbors: How many of the data.
        dimension: How many axes.

    Raises:
        ValueError: If there are not enough data or neighbors.
    """

    if not dimension < neighbors <= len(data):
        raise ValueError(
            f"neighbors must be above dimension {dimension} and at most {len(data)}, "
            f"got {neighbors}"
        )

    flat = data.flatten(1)
    lengths = flat.square().sum(1)
    axes = []

    for row in x.flatten(1):
        nearest = (lengths - 2 * flat @ row).topk(neighbors, largest=False).indices
        around = flat[nearest] - flat[nearest].mean(0)
        axes.append(torch.linalg.svd(around, full_matrices=False).Vh[:dimension].T)

    return torch.stack(axes)


def split(change: Data, tangent: Tangent) -> Parts:
    """Return the part of each change in the tangent space and the rest.

    Args:
        change: A difference x′ − x, a step or a gradient.
        tangent: Orthonormal axes of each row.
    """

    flat = change.flatten(1)[..., None]
    along = (tangent @ (tangent.mT @ flat)).reshape(change.shape)

    return Parts(along, change - along)


def share_along(change: Data, tangent: Tangent) -> Scores:
    """Return the share of each change's squared length in the tangent space.

    A change in a direction drawn at random has the share axes / dimensions on average.

    Args:
        change: A difference x′ − x, a step or a gradient; not zero.
        tangent: Orthonormal axes of each row.
    """

    along = split(change, tangent).along.flatten(1).square().sum(1)

    return along / change.flatten(1).square().sum(1)
