"""How little data look like those that an autoencoder knows, as a penalty."""

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from diffeo.objectives.protocol import Point
from diffeo.shapes import Data, Scores

__all__ = ["Autoencoder", "Unlikeness"]

Autoencoder = Callable[[Data], Data]


@dataclass(frozen=True, eq=False)
class Unlikeness:
    """The squared error of an autoencoder: how little data look like what it knows.

    Args:
        autoencoder: From data to data of the same shape.
    """

    autoencoder: Autoencoder = field(repr=False)

    def start(self, point: Point, target: Scores) -> Tensor:  # noqa: ARG002
        """Remember nothing."""

        return point.origin[:, :0]

    def price(self, point: Point, held: Tensor) -> Scores:  # noqa: ARG002
        """Return the squared error."""

        error = point.data - self.autoencoder(point.data)

        return error.flatten(1).square().sum(1)
