"""Distances from the factual as penalties."""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.objectives.protocol import Point
from diffeo.shapes import Scores

__all__ = ["Manhattan", "SquaredEuclidean"]


@dataclass(frozen=True)
class Manhattan:
    """The sum of absolute changes of the data, L1; it wants few of them."""

    def start(self, point: Point, target: Scores) -> Tensor:  # noqa: ARG002
        """Remember nothing."""

        return _nothing(point)

    def price(self, point: Point, held: Tensor) -> Scores:  # noqa: ARG002
        """Return the distance from the factual."""

        change = (point.data - point.factual).flatten(1)
        distance: Tensor = torch.linalg.vector_norm(change, ord=1, dim=1)

        return distance


@dataclass(frozen=True)
class SquaredEuclidean:
    """The sum of squared changes of the data; it wants small ones."""

    def start(self, point: Point, target: Scores) -> Tensor:  # noqa: ARG002
        """Remember nothing."""

        return _nothing(point)

    def price(self, point: Point, held: Tensor) -> Scores:  # noqa: ARG002
        """Return the squared distance from the factual."""

        return (point.data - point.factual).flatten(1).square().sum(1)


def _nothing(point: Point) -> Tensor:
    return point.origin[:, :0]
