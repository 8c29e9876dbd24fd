"""What may be subtracted from a score: changes, and being unlike real data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from diffeo.objectives.protocol import Point
from diffeo.shapes import Data, Scores

__all__ = [
    "Autoencoder",
    "Manhattan",
    "Penalty",
    "ReconstructionError",
    "SquaredEuclidean",
]

Autoencoder = Callable[[Data], Data]


@runtime_checkable
class Penalty(Protocol):
    """A number that is subtracted from each row's score, never below 0.

    Example:
        >>> isinstance(Manhattan(), Penalty)
        True
    """

    def start(self, point: Point, target: Scores) -> Tensor:  # noqa: ARG002
        """Return what must be remembered of each row: nothing, unless told otherwise.

        Args:
            point: The factuals, as `point.data` too.
            target: The class or value that each row aims at.
        """

        return point.origin[:, :0]

    def penalty(self, point: Point, memory: Tensor) -> Scores:
        """Return the penalty of each row, given what `start` returned."""


@dataclass(frozen=True)
class Manhattan(Penalty):
    """The sum of absolute changes of the data, L1; it prefers few large changes.

    Example:
        >>> x, z = torch.zeros(1, 2), torch.zeros(1, 1)
        >>> Manhattan().penalty(Point(x - 2, z, z, x, z), z)
        tensor([4.])
    """

    def penalty(self, point: Point, memory: Tensor) -> Scores:  # noqa: ARG002
        """Return the distance from the factual."""

        change = (point.data - point.factual).flatten(1)
        distance: Tensor = torch.linalg.vector_norm(change, ord=1, dim=1)

        return distance


@dataclass(frozen=True)
class SquaredEuclidean(Penalty):
    """The sum of squared changes of the data; it prefers many small changes.

    Example:
        >>> x, z = torch.zeros(1, 2), torch.zeros(1, 1)
        >>> SquaredEuclidean().penalty(Point(x - 2, z, z, x, z), z)
        tensor([8.])
    """

    def penalty(self, point: Point, memory: Tensor) -> Scores:  # noqa: ARG002
        """Return the squared distance from the factual."""

        return (point.data - point.factual).flatten(1).square().sum(1)


@dataclass(frozen=True, eq=False)
class ReconstructionError(Penalty):
    """The squared error of an autoencoder: how unlike its training data the data are.

    Args:
        autoencoder: From data to data of the same shape.

    Example:
        >>> x, z = torch.full((1, 2), 2.0), torch.zeros(1, 1)
        >>> ReconstructionError(lambda x: x / 2).penalty(Point(x, z, z, x, z), z)
        tensor([2.])
    """

    autoencoder: Autoencoder = field(repr=False)

    def penalty(self, point: Point, memory: Tensor) -> Scores:  # noqa: ARG002
        """Return the squared error."""

        error = point.data - self.autoencoder(point.data)

        return error.flatten(1).square().sum(1)
