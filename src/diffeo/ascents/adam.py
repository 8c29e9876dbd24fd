"""Adam, row by row."""

from dataclasses import dataclass

import torch

from diffeo.ascents.protocol import check_positive
from diffeo.shapes import Latent, Memory, Scores

__all__ = ["Adam"]


@dataclass(frozen=True)
class Adam:
    """Adam, with moments and a step count for each row.

    Dividing by the root of the second moment makes the step follow J D Jᵀ∇ with a
    diagonal D, not the induced metric's J Jᵀ∇.

    Source: Kingma and Ba, 2015, Adam, Algorithm 1.

    Args:
        rate: Step size, about the change of each coordinate in one step.
        decay: Weight of the earlier gradients in the first moment.
        decay_square: Weight of the earlier squares in the second moment.
        floor: Number added to the root of the second moment.

    Example:
        >>> z, slope = torch.zeros(1, 2), torch.tensor([[3.0, -4.0]])
        >>> moved, memory = Adam(0.1).step(z, z[:, 0], slope, Adam(0.1).start(z))
        >>> moved
        tensor([[ 0.1000, -0.1000]])
    """

    rate: float = 0.05
    decay: float = 0.9
    decay_square: float = 0.999
    floor: float = 1e-8

    def __post_init__(self) -> None:
        check_positive("rate", self.rate)

    def start(self, z: Latent) -> Memory:
        """Start with no moments and no steps."""

        return torch.zeros_like(z), torch.zeros_like(z), z.new_zeros(len(z), 1)

    def step(
        self, z: Latent, _margin: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step along the first moment over the root of the second."""

        mean, square, count = memory
        count = count + 1
        mean = mean.lerp(gradient, 1 - self.decay)
        square = square.lerp(gradient.square(), 1 - self.decay_square)
        unbiased = mean / (1 - self.decay**count)
        spread = (square / (1 - self.decay_square**count)).sqrt() + self.floor

        return z + self.rate * unbiased / spread, (mean, square, count)
