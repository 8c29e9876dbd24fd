"""A rate for each row, that learns how far it may go."""

from dataclasses import dataclass

import torch

from diffeo.ascents.protocol import check_positive, unit
from diffeo.shapes import Latent, Memory, Scores

__all__ = ["Adaptive"]


@dataclass(frozen=True)
class Adaptive:
    """Along the unit gradient, longer after each gain and shorter after each loss.

    A step is never shorter than the first, so that a rough score stops no row.

    Source: Battiti, 1989, Accelerated backpropagation learning: two optimization
    methods ("bold driver").

    Args:
        rate: Length of the first step and of the shortest, in coordinates.
        growth: Factor of the rate after a step that gained margin, at least 1.
        decline: Factor of the rate after a step that lost margin, in (0, 1].

    Example:
        >>> z, slope, rule = torch.zeros(1, 2), torch.ones(1, 2), Adaptive(0.1)
        >>> moved, memory = rule.step(z, z[:, 0], slope, rule.start(z))
        >>> moved.norm()
        tensor(0.1000)
    """

    rate: float = 0.1
    growth: float = 1.2
    decline: float = 0.5

    def __post_init__(self) -> None:
        check_positive("rate", self.rate)

        if not self.growth >= 1:
            raise ValueError(f"growth must be at least 1, got {self.growth}")

        if not 0 < self.decline <= 1:
            raise ValueError(f"decline must be in (0, 1], got {self.decline}")

    def start(self, z: Latent) -> Memory:
        """Start with the first rate, so scaled that the first step leaves it."""

        rate = z.new_full((len(z), 1), self.rate / self.growth)

        return rate, torch.full_like(rate, -torch.inf)

    def step(
        self, z: Latent, margin: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step by the rate that the last step earned."""

        rate, before = memory
        now = margin[:, None]
        longer, shorter = rate * self.growth, rate * self.decline
        rate = torch.where(now > before, longer, shorter).clamp_min(self.rate)

        return z + rate * unit(gradient), (rate, now)
