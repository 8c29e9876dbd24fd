"""Steps no longer than the target is far, by the slope."""

from dataclasses import dataclass

import torch

from diffeo.ascents.protocol import Ascent, check_positive
from diffeo.shapes import Latent, Memory, Scores

__all__ = ["Polyak"]


@dataclass(frozen=True)
class Polyak:
    """Shorten steps that by the slope would go past the target.

    The margin that is missing over the slope along a step is how far to go if the slope
    stayed. It does not far from the target, where the wrapped rule knows how far to
    trust it; close to the target it does, and the last step lands a little beyond.

    Source: Polyak, 1969, Minimization of unsmooth functionals, for the length of steps
    when the value wanted is known.

    Args:
        ascent: The rule that steps.
        beyond: Margin to aim at, or to gain where there is one already.
    """

    ascent: Ascent
    beyond: float = 0.1

    def __post_init__(self) -> None:
        check_positive("beyond", self.beyond)

    def start(self, z: Latent) -> Memory:
        """Remember what the wrapped rule remembers."""

        return self.ascent.start(z)

    def step(
        self, z: Latent, margin: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step, but no further than is missing."""

        moved, memory = self.ascent.step(z, margin, gradient, memory)
        gain = (gradient * (moved - z)).sum(1)
        missing = self.beyond + (-margin).clamp_min(0)
        share = torch.where(gain > missing, missing / gain, torch.ones_like(gain))

        return z + share[:, None] * (moved - z), memory
