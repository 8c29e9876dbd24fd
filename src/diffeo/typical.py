"""Which data are typical, by bounds of their log-density, or by N(0, I)."""

import math
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from diffeo.shapes import Data, Flags, Latent, Scores

__all__ = [
    "BoundedDensity",
    "KnowsDensity",
    "length_ratio",
    "normal_log_prob",
    "within_bounds",
]


@runtime_checkable
class KnowsDensity(Protocol):
    """Coordinates that know how probable data are.

    Example:
        >>> from diffeo import Identity
        >>> isinstance(Identity((2,)), KnowsDensity)
        False
    """

    def log_prob(self, x: Data) -> Scores:
        """Return the log-density of data, in nats."""


@runtime_checkable
class BoundedDensity(KnowsDensity, Protocol):
    """Coordinates that know which data are typical, too.

    Example:
        >>> from diffeo import Identity
        >>> isinstance(Identity((2,)), BoundedDensity)
        False
    """

    typical: Tensor
    """The least and the greatest log-density that is typical; infinite if unknown."""

    def __call__(self, x: Data) -> Scores:
        """Return `log_prob(x)`."""


def within_bounds(
    log_prob: Callable[[Data], Scores], x: Data, bounds: Tensor
) -> Flags | None:
    """Return whether the log-density of data lies between bounds.

    Args:
        log_prob: From data to log-densities in nats.
        x: Data.
        bounds: The least and the greatest that is typical, shape (2,); infinite until
            they are measured.

    Returns:
        None if the bounds are not known.

    Example:
        >>> within_bounds(lambda x: x[:, 0], torch.ones(1, 2), torch.tensor([0.0, 2.0]))
        tensor([True])
    """

    if not bounds.isfinite().all():
        return None

    with torch.no_grad():
        density = log_prob(x)

    low, high = bounds
    central: Flags = (density >= low) & (density <= high)

    return central


def normal_log_prob(z: Latent) -> Scores:
    """Return the log-density of coordinates under N(0, I), in nats.

    Args:
        z: Coordinates.

    Example:
        >>> normal_log_prob(torch.zeros(1, 2))
        tensor([-1.8379])
    """

    terms = z.square() + math.log(2 * math.pi)

    return -terms.sum(1) / 2


def length_ratio(z: Latent) -> Scores:
    """Return ‖z‖ / √d: how many times as long as a draw of N(0, I) each row is.

    Args:
        z: Coordinates, d for each row.

    Example:
        >>> length_ratio(torch.full((1, 4), 3.0))
        tensor([3.])
    """

    return z.square().mean(1).sqrt()
