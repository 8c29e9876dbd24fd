"""Along a running mean of directions."""

from dataclasses import dataclass

import torch

from diffeo.ascents.protocol import check_positive, unit
from diffeo.shapes import Latent, Memory, Scores

__all__ = ["Momentum"]


@dataclass(frozen=True)
class Momentum:
    """v ← decay · v + ∇ / ‖∇‖, z ← z + rate · v / ‖v‖.

    Where directions change from step to step, as they do where the gradient is rough,
    what they share is followed.

    Source: Polyak, 1964, Some methods of speeding up the convergence of iteration
    methods; Cutkosky and Mehta, 2020, Momentum improves normalized SGD.

    Args:
        rate: Length of a step, in coordinates.
        decay: Weight of the earlier directions, in [0, 1).

    Example:
        >>> z, slope = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
        >>> rule = Momentum(0.5)
        >>> moved, memory = rule.step(z, z[:, 0], slope, rule.start(z))
        >>> moved
        tensor([[0.3000, 0.4000]])
    """

    rate: float = 0.2
    decay: float = 0.7

    def __post_init__(self) -> None:
        check_positive("rate", self.rate)

        if not 0 <= self.decay < 1:
            raise ValueError(f"decay must be in [0, 1), got {self.decay}")

    def start(self, z: Latent) -> Memory:
        """Start with no direction."""

        return (torch.zeros_like(z),)

    def step(
        self, z: Latent, _margin: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step along the mean direction."""

        (mean,) = memory
        mean = self.decay * mean + unit(gradient)

        return z + self.rate * unit(mean), (mean,)
