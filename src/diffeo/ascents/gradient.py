"""Along the gradient: steps of its length, or of one length."""

from dataclasses import dataclass

from diffeo.ascents.protocol import check_positive, remember_nothing, unit
from diffeo.shapes import Latent, Memory, Scores

__all__ = ["Gradient", "NormalizedGradient"]


@dataclass(frozen=True)
class Gradient:
    """z ← z + rate · ∇.

    In data space this moves along the gradient itself, in latent coordinates along the
    gradient contracted with the inverse induced metric.

    Source: Dombrowski et al., 2024, equations (4), (5) and (15).

    Args:
        rate: Step size, in coordinates for each unit of the gradient.

    Example:
        >>> import torch
        >>> z, slope = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
        >>> Gradient(0.5).step(z, z[:, 0], slope, ())
        (tensor([[1.5000, 2.0000]]), ())
    """

    rate: float
    start = remember_nothing

    def __post_init__(self) -> None:
        check_positive("rate", self.rate)

    def step(
        self, z: Latent, _margin: Scores, gradient: Latent, memory: Memory
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

    Example:
        >>> import torch
        >>> z, slope = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
        >>> NormalizedGradient(0.5).step(z, z[:, 0], slope, ())
        (tensor([[0.3000, 0.4000]]), ())
    """

    rate: float = 0.2
    start = remember_nothing

    def __post_init__(self) -> None:
        check_positive("rate", self.rate)

    def step(
        self, z: Latent, _margin: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step along the unit vector of the gradient; stay where it is zero."""

        return z + self.rate * unit(gradient), memory
