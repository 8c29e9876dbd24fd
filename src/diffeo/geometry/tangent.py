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
        along: The part in the tangent space.
        off: The part orthogonal to the tangent space.

    Example:
        >>> import torch
        >>> tangent = torch.tensor([[[1.0], [0.0]]])  # the first axis of a plane
        >>> change = torch.tensor([[3.0, 4.0]])
        >>> split(change, tangent).off
        tensor([[0., 4.]])
    """

    along: Data
    off: Data


def tangent_space(found: Singular, dimension: int | Indices) -> Tangent:
    """Return the directions in which coordinates move data most.

    Args:
        found: Singular vectors of a decoder at some points.
        dimension: Dimension of the tangent space, one for all rows or one a row;
            `geometry.spectrum` estimates it. Axes beyond a row's dimension are zero.

    Raises:
        ValueError: If there are fewer singular vectors than dimensions.

    Example:
        >>> import torch
        >>> from diffeo.geometry.singular import singular
        >>> found = singular(lambda z: z * torch.tensor([2.0, 0.5]), torch.zeros(1, 2))
        >>> tangent_space(found, 1).abs()
        tensor([[[1.],
                 [0.]]])
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

    They depend on the data alone and on no model.

    Args:
        x: Points at which tangent spaces are wanted, shape (batch, ...).
        data: Samples of the manifold.
        neighbors: Number of nearest samples that span a tangent space.
        dimension: Number of principal axes.

    Raises:
        ValueError: If there are not enough data or neighbors.

    Example:
        >>> import torch
        >>> line = torch.linspace(0, 1, 9)[:, None] * torch.tensor([1.0, 0.0])
        >>> neighbor_tangent(line[:1], line, neighbors=4, dimension=1).abs()
        tensor([[[1.],
                 [0.]]])
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
        tangent: Orthonormal axes of each row, shape (batch, dimensions, axes).

    Example:
        >>> import torch
        >>> tangent = torch.tensor([[[1.0], [0.0]]])  # the first axis of a plane
        >>> change = torch.tensor([[3.0, 4.0]])
        >>> split(change, tangent).along
        tensor([[3., 0.]])
    """

    flat = change.flatten(1)[..., None]
    along = (tangent @ (tangent.mT @ flat)).reshape(change.shape)

    return Parts(along, change - along)


def share_along(change: Data, tangent: Tangent) -> Scores:
    """Return the share of each change's squared length in the tangent space.

    A change in a direction drawn at random has the share axes / dimensions on average.

    Args:
        change: A difference x′ − x, a step or a gradient; not zero.
        tangent: Orthonormal axes of each row, shape (batch, dimensions, axes).

    Example:
        >>> import torch
        >>> tangent = torch.tensor([[[1.0], [0.0]]])  # the first axis of a plane
        >>> change = torch.tensor([[3.0, 4.0]])
        >>> share_along(change, tangent)
        tensor([0.3600])
    """

    along = split(change, tangent).along.flatten(1).square().sum(1)

    return along / change.flatten(1).square().sum(1)
