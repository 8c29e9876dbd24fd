"""What may be subtracted from a score: changes, and being unlike real data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from diffeo.objectives.protocol import Point
from diffeo.shapes import Data, Latent, Scores

__all__ = [
    "Autoencoder",
    "Encoder",
    "Manhattan",
    "Penalty",
    "PrototypeDistance",
    "ReconstructionError",
    "ReferenceLabels",
    "References",
    "SquaredEuclidean",
    "nearest_mean",
]

Autoencoder = Callable[[Data], Data]

Encodings = Float[Tensor, "batch encoding"]
Encoder = Callable[[Data], Encodings]

References = Float[Tensor, "references latent"]
ReferenceLabels = Int[Tensor, " references"]


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


@dataclass(frozen=True, eq=False)
class PrototypeDistance:
    """The squared distance of encodings from the prototype of a row's target class.

    Args:
        encodings: Encodings of training data.
        labels: The class of each.
        count: Number of nearest encodings whose mean is a prototype.
        encoder: From data to their encoding, differentiable; not given if that is the
            coordinates in which the search moves.

    Example:
        >>> z = torch.tensor([[0.0], [2.0], [4.0]])
        >>> distance = PrototypeDistance(z, torch.tensor([0, 1, 1]), count=2)
        >>> point = Point(z[:1], z[:1], z[:1], z[:1], z[:1])
        >>> distance.penalty(point, distance.start(point, torch.tensor([1.0])))
        tensor([9.])
    """

    encodings: References = field(repr=False)
    labels: ReferenceLabels = field(repr=False)
    count: int = 5
    encoder: Encoder | None = field(default=None, repr=False)

    def start(self, point: Point, target: Scores) -> Tensor:
        """Return the prototype of each row."""

        own = self._encoding(point.factual, point.origin)
        prototypes = torch.empty_like(own)

        for wanted in target.unique():
            rows, of_class = target == wanted, self.encodings[self.labels == wanted]
            prototypes[rows] = nearest_mean(own[rows], of_class, self.count)

        return prototypes

    def penalty(self, point: Point, memory: Tensor) -> Scores:
        """Return the squared distance from the prototype."""

        encoding = self._encoding(point.data, point.latent)

        return (encoding - memory).square().sum(1)

    def _encoding(self, data: Data, latent: Latent) -> Encodings:
        return self.encoder(data) if self.encoder else latent


def nearest_mean(z: Latent, encodings: References, count: int) -> Latent:
    """Return for each row the mean of its nearest encodings.

    Args:
        z: Coordinates whose neighbors are looked for.
        encodings: Coordinates among which they are looked for.
        count: Number of neighbors, by Euclidean distance.

    Raises:
        ValueError: If there are fewer encodings.

    Example:
        >>> z = torch.tensor([[0.0], [2.0], [9.0]])
        >>> nearest_mean(z[:1], z, count=2)
        tensor([[1.]])
    """

    if not 1 <= count <= len(encodings):
        raise ValueError(
            f"count must be from 1 to the {len(encodings)} encodings of the target "
            f"class, got {count}"
        )

    nearest = torch.cdist(z, encodings).topk(count, largest=False).indices

    return encodings[nearest].mean(1)
