"""Principal axes: the linear coordinates that hold most of the data's variance."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.shapes import Data, Latent

__all__ = ["Linear", "principal_axes"]


@dataclass(frozen=True, eq=False)
class Linear:
    """Coordinates along some axes, in units of a spread along each.

    Args:
        mean: The origin, shaped as one datum.
        axes: Orthonormal rows, shape (latent, dimensions of a datum).
        spread: Standard deviation along each axis, shape (latent,).

    Example:
        >>> axes = Linear(torch.ones(2), torch.eye(2), torch.tensor([2.0, 5.0]))
        >>> axes.encode(torch.tensor([[3.0, 6.0]]))
        tensor([[1., 1.]])
    """

    mean: Tensor
    axes: Tensor
    spread: Tensor

    def encode(self, x: Data) -> Latent:
        """Return the coordinates of the projection onto the axes."""

        return (x - self.mean).flatten(1) @ self.axes.T / self.spread

    def decode(self, z: Latent) -> Data:
        """Return the point in the span of the axes."""

        away = (z * self.spread) @ self.axes

        return away.reshape(len(z), *self.mean.shape) + self.mean

    def is_exact(self) -> bool:
        """Return whether there are as many axes as dimensions."""

        return self.axes.shape[0] == self.axes.shape[1]


def principal_axes(x: Data, *, count: int) -> Linear:
    """Return the leading principal axes of data.

    Args:
        x: Data with more rows than axes.
        count: How many axes.

    Raises:
        ValueError: If there cannot be so many axes.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
        >>> principal_axes(x, count=1).decode(torch.zeros(1, 1))
        tensor([[2., 0.]])
    """

    most = min(len(x) - 1, math.prod(x.shape[1:]))

    if not 1 <= count <= most:
        raise ValueError(
            f"count must be from 1 to {most} for data of shape {tuple(x.shape)}, got "
            f"{count}"
        )

    mean = x.mean(0)
    _, values, axes = torch.linalg.svd((x - mean).flatten(1), full_matrices=False)

    return Linear(mean, axes[:count], values[:count] / math.sqrt(len(x) - 1))
