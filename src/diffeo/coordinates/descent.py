"""Rows that descend from several starts, by Adam."""

from typing import NamedTuple

from jaxtyping import Int
from torch import Tensor

from diffeo.shapes import Flags, Indices

__all__ = ["Descent"]

DECAY, SQUARE_DECAY = 0.9, 0.99  # of the moments
TINY = 1e-8


class Descent(NamedTuple):
    """Rows on their way from several starts.

    Args:
        row: The number of each row in its batch.
        wanted: The features of the data, shape (rows, features).
        z: Where each start has come to, shape (rows, starts, latent).
        first: The moving average of its gradients.
        second: That of their squares.

    Example:
        >>> import torch
        >>> z = torch.zeros(1, 2, 3)
        >>> now = Descent(torch.arange(1), torch.zeros(1, 4), z, z, z)
        >>> now.stepped(torch.ones(1, 2, 3), rate=0.5, step=0).z[0, 0]
        tensor([-0.5000, -0.5000, -0.5000])
    """

    row: Indices
    wanted: Tensor
    z: Tensor
    first: Tensor
    second: Tensor

    def select(self, rows: Flags) -> "Descent":
        """Return some of the rows."""

        return Descent(*(value[rows] for value in self))

    def only(self, start: Int[Tensor, "rows 1"]) -> "Descent":
        """Return each row with one of its starts."""

        index = start[..., None].expand(-1, -1, self.z.shape[2])
        kept = (value.gather(1, index) for value in (self.z, self.first, self.second))

        return Descent(self.row, self.wanted, *kept)

    def stepped(self, slope: Tensor, rate: float, step: int) -> "Descent":
        """Return the rows after a step.

        Args:
            slope: The gradient at each start.
            rate: Length of the step in each coordinate.
            step: Its number, from 0.

        Source: Kingma and Ba, 2015, Adam: a method for stochastic optimization,
        Algorithm 1.
        """

        first = DECAY * self.first + (1 - DECAY) * slope
        second = SQUARE_DECAY * self.second + (1 - SQUARE_DECAY) * slope.square()
        size = (second / (1 - SQUARE_DECAY ** (step + 1))).sqrt() + TINY
        move = first / (1 - DECAY ** (step + 1)) / size

        return self._replace(z=self.z - rate * move, first=first, second=second)
