"""Ascents that are held inside a set."""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.ascents.protocol import Ascent, check_positive
from diffeo.shapes import Latent, Memory, Scores

__all__ = ["Ball", "Box", "Sphere"]


@dataclass(frozen=True)
class Box:
    """Project each coordinate onto an interval after every step.

    Args:
        ascent: The rule that steps.
        low: Least value of a coordinate.
        high: Greatest value of a coordinate.

    Example:
        >>> from diffeo import Gradient
        >>> z, slope = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
        >>> Box(Gradient(1.0), 0.0, 3.5).step(z, z[:, 0], slope, ())
        (tensor([[3.0000, 3.5000]]), ())
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
        self, z: Latent, margin: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step, then project."""

        z, memory = self.ascent.step(z, margin, gradient, memory)

        return z.clamp(self.low, self.high), memory


@dataclass(frozen=True)
class Ball:
    """Project onto the ball around the start of each row after every step.

    Args:
        ascent: The rule that steps.
        radius: Greatest Euclidean distance from the start, in coordinates.

    Example:
        >>> from diffeo import Gradient
        >>> z, slope = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
        >>> rule = Ball(Gradient(1.0), 1.0)
        >>> rule.step(z, z[:, 0], slope, rule.start(z))[0]
        tensor([[0.6000, 0.8000]])
    """

    ascent: Ascent
    radius: float

    def __post_init__(self) -> None:
        check_positive("radius", self.radius)

    def start(self, z: Latent) -> Memory:
        """Remember the center and what the wrapped rule remembers."""

        return z, *self.ascent.start(z)

    def step(
        self, z: Latent, margin: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step, then project."""

        center, *inner = memory
        z, after = self.ascent.step(z, margin, gradient, tuple(inner))
        away = z - center
        length = _length(away)
        shrunk: Tensor = center + away * (self.radius / length)

        return torch.where(length > self.radius, shrunk, z), (center, *after)


@dataclass(frozen=True)
class Sphere:
    """Rescale to the length at the start of each row after every step.

    Under a standard normal in many dimensions nearly all data lie close to one sphere
    around 0; a row that starts where data are then stays where data are.

    Source: White, 2016, Sampling generative networks, Section 2.1.

    Args:
        ascent: The rule that steps.

    Example:
        >>> from diffeo import Gradient
        >>> z, slope = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
        >>> rule = Sphere(Gradient(1.0))
        >>> rule.step(z, z[:, 0], slope, rule.start(z))[0]
        tensor([[0.7071, 0.7071]])
    """

    ascent: Ascent

    def start(self, z: Latent) -> Memory:
        """Remember the length and what the wrapped rule remembers."""

        return _length(z), *self.ascent.start(z)

    def step(
        self, z: Latent, margin: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step, then rescale."""

        radius, *inner = memory
        z, after = self.ascent.step(z, margin, gradient, tuple(inner))
        tiny = torch.finfo(z.dtype).tiny

        return z * (radius / _length(z).clamp_min(tiny)), (radius, *after)


def _length(z: Latent) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(z, dim=1, keepdim=True)

    return length
