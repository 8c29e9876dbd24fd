"""How far a counterfactual is from its factual: the distances that may be minimized."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from diffeo.shapes import Data, Latent

__all__ = ["DataDistance", "Distance", "FeatureDistance", "LatentDistance"]

Features = Float[Tensor, "batch features"]


@runtime_checkable
class Distance(Protocol):
    """The Euclidean distance between what two points are mapped to.

    Example:
        >>> isinstance(LatentDistance(), Distance)
        True
    """

    def features(self, data: Data, latent: Latent) -> Features:
        """Return the vectors between which the distance is taken, differentiable.

        Args:
            data: The data of each row.
            latent: Their coordinates.
        """


@dataclass(frozen=True)
class LatentDistance:
    """The distance in coordinates, ‖z′ − z‖.

    Example:
        >>> import torch
        >>> x, z = torch.zeros(1, 2), torch.ones(1, 1)
        >>> LatentDistance().features(x, z)
        tensor([[1.]])
    """

    def features(self, data: Data, latent: Latent) -> Features:  # noqa: ARG002
        """Return the coordinates."""

        return latent


@dataclass(frozen=True)
class DataDistance:
    """The distance of the data, ‖x′ − x‖, as coordinates pull it back: γ = JᵀJ.

    Where the coordinates can decode anything, as those of a flow can, the nearest data
    at a target are an adversarial example. Steps of plain gradients in z shorten the
    changes that the decoder makes easily, and leave those first.

    Example:
        >>> import torch
        >>> x, z = torch.zeros(1, 2, 2), torch.ones(1, 1)
        >>> DataDistance().features(x, z).shape
        torch.Size([1, 4])
    """

    def features(self, data: Data, latent: Latent) -> Features:  # noqa: ARG002
        """Return the data as vectors."""

        return data.flatten(1)


@dataclass(frozen=True, eq=False)
class FeatureDistance:
    """The distance of what a network makes of the data, ‖φ(x′) − φ(x)‖.

    Args:
        network: From data to features, a row for each; in evaluation mode.

    Example:
        >>> import torch
        >>> x, z = torch.zeros(3, 2), torch.ones(3, 1)
        >>> FeatureDistance(lambda x: x.sum(1)).features(x, z).shape
        torch.Size([3, 1])
    """

    network: Callable[[Data], Tensor] = field(repr=False)

    def features(self, data: Data, latent: Latent) -> Features:  # noqa: ARG002
        """Return the features as vectors."""

        return self.network(data).reshape(len(data), -1)
