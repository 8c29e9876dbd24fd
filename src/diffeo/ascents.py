"""How a search steps uphill."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from diffeo.shapes import Latent, Memory, Scores

__all__ = ["Adam", "Ascent", "Ball", "Box", "Gradient", "NormalizedGradient"]


@runtime_checkable
class Ascent(Protocol):
    """A rule for the next point, row by row."""

    def start(self, z: Latent) -> Memory:
        """Return what must be remembered of each row, given where it starts."""

    def step(
        self, z: Latent, score: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Return the next point and what is remembered there."""


@dataclass(frozen=True)
class Gradient:
    """z ← z + rate · ∇.

    In data space this moves along the gradient itself, in latent coordinates along the
    gradient contracted with the inverse induced metric.

    Source: Dombrowski et al., 2024, equations (4), (5) and (15).

    Args:
        rate: Step size.
    """

    rate: float

    def __post_init__(self) -> None:
        _check_positive("rate", self.rate)

    def start(self, z: Latent) -> Memory:  # noqa: ARG002
        """Remember nothing."""

        return ()

    def step(
        self,
        z: Latent,
        score: Scores,  # noqa: ARG002
        gradient: Latent,
        memory: Memory,
    ) -> tuple[Latent, Memory]:
        """Step along the gradient."""

        return z + self.rate * gradient, memory


@dataclass(frozen=True)
class NormalizedGradient:
    """z ← z + rate · ∇ / ‖∇‖: along the gradient, in steps of one length.

    It goes where `Gradient` goes, but needs no rate of its own for each model, since it
    neither leaps where the gradient is steep nor creeps where it is flat.

    Source: Nesterov, 1984, Minimization methods for nonsmooth convex and quasiconvex
    functions; Dombrowski et al., 2024, equation (5), for the direction.

    Args:
        rate: Length of a step, in coordinates.
    """

    rate: float = 0.2

    def __post_init__(self) -> None:
        _check_positive("rate", self.rate)

    def start(self, z: Latent) -> Memory:  # noqa: ARG002
        """Remember nothing."""

        return ()

    def step(
        self,
        z: Latent,
        score: Scores,  # noqa: ARG002
        gradient: Latent,
        memory: Memory,
    ) -> tuple[Latent, Memory]:
        """Step along the unit vector of the gradient; stay where it is zero."""

        length = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
        unit = gradient / length.clamp_min(torch.finfo(length.dtype).tiny)

        return z + self.rate * unit, memory


@dataclass(frozen=True)
class Adam:
    """Adam, with moments and a step count for each row.

    Dividing by the root of the second moment makes the step follow J D Jᵀ∇ with a
    diagonal D, not the induced metric's J Jᵀ∇.

    Source: Kingma and Ba, 2015, Adam, Algorithm 1.

    Args:
        rate: Step size.
        decay: Of the first moment.
        decay_square: Of the second moment.
        floor: Added to the root of the second moment.
    """

    rate: float = 0.05
    decay: float = 0.9
    decay_square: float = 0.999
    floor: float = 1e-8

    def __post_init__(self) -> None:
        _check_positive("rate", self.rate)

    def start(self, z: Latent) -> Memory:
        """Start with no moments and no steps."""

        return torch.zeros_like(z), torch.zeros_like(z), z.new_zeros(len(z), 1)

    def step(
        self,
        z: Latent,
        score: Scores,  # noqa: ARG002
        gradient: Latent,
        memory: Memory,
    ) -> tuple[Latent, Memory]:
        """Step along the first moment over the root of the second."""

        mean, square, count = memory
        count = count + 1
        mean = mean.lerp(gradient, 1 - self.decay)
        square = square.lerp(gradient.square(), 1 - self.decay_square)
        unbiased = mean / (1 - self.decay**count)
        spread = (square / (1 - self.decay_square**count)).sqrt() + self.floor

        return z + self.rate * unbiased / spread, (mean, square, count)


@dataclass(frozen=True)
class Box:
    """Project each coordinate onto an interval after every step.

    Args:
        ascent: The rule that steps.
        low: Least value of a coordinate.
        high: Greatest value of a coordinate.
    """

    ascent: Ascent
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")

    def start(self, z: Latent) -> Memory:
        """Remember what the wrapped rule remembers."""

        return self.ascent.start(z)

    def step(
        self, z: Latent, score: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step, then project."""

        z, memory = self.ascent.step(z, score, gradient, memory)

        return z.clamp(self.low, self.high), memory


@dataclass(frozen=True)
class Ball:
    """Project onto the ball around the start of each row after every step.

    Args:
        ascent: The rule that steps.
        radius: Greatest Euclidean distance from the start.
    """

    ascent: Ascent
    radius: float

    def __post_init__(self) -> None:
        _check_positive("radius", self.radius)

    def start(self, z: Latent) -> Memory:
        """Remember the center and what the wrapped rule remembers."""

        return z, *self.ascent.start(z)

    def step(
        self, z: Latent, score: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step, then project."""

        center, *inner = memory
        z, after = self.ascent.step(z, score, gradient, tuple(inner))
        away = z - center
        length = torch.linalg.vector_norm(away, dim=1, keepdim=True)
        shrunk: Tensor = center + away * (self.radius / length)

        return torch.where(length > self.radius, shrunk, z), (center, *after)


def _check_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be above 0, got {value}")
