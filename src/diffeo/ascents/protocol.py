"""What every ascent offers, and what ascents share."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from diffeo.shapes import Latent, Memory, Scores

__all__ = ["Ascent", "check_positive", "dot", "remember_nothing", "unit"]


@runtime_checkable
class Ascent(Protocol):
    """A rule for the next point, row by row.

    Example:
        >>> class Along:
        ...     def start(self, z):
        ...         return ()
        ...
        ...     def step(self, z, margin, gradient, memory):
        ...         return z + 0.1 * gradient, memory
        >>> isinstance(Along(), Ascent)
        True
    """

    def start(self, z: Latent, /) -> Memory:
        """Return what must be remembered of each row, given where it starts."""

    def step(
        self, z: Latent, margin: Scores, gradient: Latent, memory: Memory, /
    ) -> tuple[Latent, Memory]:
        """Return the next point and what is remembered there.

        Args:
            z: The coordinates of each row.
            margin: How far past the margin to aim at each row is, in the objective's
                unit; below 0 before it.
            gradient: The gradient of the objective's score with respect to z.
            memory: What `start` or the last step returned.
        """


def remember_nothing(rule: object, z: Latent) -> Memory:  # noqa: ARG001
    """Start with nothing to remember.

    Example:
        >>> remember_nothing("any rule", torch.zeros(2, 3))
        ()
    """

    return ()


def dot(one: Tensor, other: Tensor) -> Tensor:
    """Return the inner product of each row, shape (batch, 1).

    Example:
        >>> dot(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]]))
        tensor([[11.]])
    """

    return (one * other).sum(1, keepdim=True)


def unit(gradient: Latent) -> Latent:
    """Return each row divided by its length; rows of zeros as they are.

    Example:
        >>> unit(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
        tensor([[0.6000, 0.8000],
                [0.0000, 0.0000]])
    """

    length = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)

    direction: Tensor = gradient / length.clamp_min(torch.finfo(length.dtype).tiny)

    return direction


def check_positive(name: str, value: float) -> None:
    """Refuse a setting that is not above 0.

    Raises:
        ValueError: If it is not.

    Example:
        >>> check_positive("rate", 0.1)
    """

    if not value > 0:
        raise ValueError(f"{name} must be above 0, got {value}")
