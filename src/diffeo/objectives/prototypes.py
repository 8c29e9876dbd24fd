"""How far coordinates are from the prototype of a class, as a penalty."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from diffeo.objectives.protocol import Point
from diffeo.shapes import Data, Latent, Scores

__all__ = [
    "Encoder",
    "PrototypeDistance",
    "ReferenceLabels",
    "References",
    "nearest_mean",
]

Encodings = Float[Tensor, "batch encoding"]
Encoder = Callable[[Data], Encodings]

References = Float[Tensor, "references latent"]
ReferenceLabels = Int[Tensor, " references"]


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
