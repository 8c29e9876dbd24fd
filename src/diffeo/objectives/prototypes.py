"""How far coordinates are from the prototype of a class, as a penalty."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from diffeo.objectives.protocol import Point
from diffeo.shapes import Latent, Scores

__all__ = ["PrototypeDistance", "ReferenceLabels", "References", "nearest_mean"]

References = Float[Tensor, "references latent"]
ReferenceLabels = Int[Tensor, " references"]


@dataclass(frozen=True, eq=False)
class PrototypeDistance:
    """The squared distance in coordinates from the prototype of a row's target class.

    Args:
        encodings: Coordinates of training data.
        labels: The class of each.
        count: Number of nearest encodings whose mean is a prototype.

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

    def start(self, point: Point, target: Scores) -> Tensor:
        """Return the prototype of each row."""

        prototypes = torch.empty_like(point.origin)

        for wanted in target.unique():
            rows, of_class = target == wanted, self.encodings[self.labels == wanted]
            prototypes[rows] = nearest_mean(point.origin[rows], of_class, self.count)

        return prototypes

    def penalty(self, point: Point, memory: Tensor) -> Scores:
        """Return the squared distance from the prototype."""

        return (point.latent - memory).square().sum(1)


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
