"""Steps no longer than the target is far, by the slope."""

from dataclasses import dataclass

import torch

from diffeo.ascents.protocol import Ascent
from diffeo.shapes import Latent, Memory, Scores

__all__ = ["Polyak"]


@dataclass(frozen=True)
class Polyak:
    """Shorten steps that by the slope would go past the margin to aim at.

    The margin that is missing over the slope along a step is how far to go if the slope
    stayed. It does not far from the target, where the wrapped rule knows how far to
    trust it; close to the target it does.

    Source: Polyak, 1969, Minimization of unsmooth functionals, for the length of steps
    when the value wanted is known.

    Args:
        ascent: The rule whose steps are shortened.

    Example:
        >>> from diffeo import NormalizedGradient
        >>> z, slope = torch.zeros(1, 1), torch.full((1, 1), 4.0)
        >>> Polyak(NormalizedGradient(1.0)).step(z, torch.tensor([-2.0]), slope, ())
        (tensor([[0.5000]]), ())
    """

    ascent: Ascent

    def start(self, z: Latent) -> Memory:
        """Remember what the wrapped rule remembers."""

        return self.ascent.start(z)

    def step(
        self, z: Latent, margin: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step, but no further than is missing."""

        moved, memory = self.ascent.step(z, margin, gradient, memory)
        gain = (gradient * (moved - z)).sum(1)
        missing = (-margin).clamp_min(0)
        share = torch.where(gain > missing, missing / gain, torch.ones_like(gain))

        return z + share[:, None] * (moved - z), memory
