"""Steps as long as the target is far, by the slope."""

from dataclasses import dataclass

import torch

from diffeo.ascents.protocol import check_positive, remember_nothing, unit
from diffeo.shapes import Latent, Memory, Scores

__all__ = ["Polyak"]


@dataclass(frozen=True)
class Polyak:
    """z ← z + min(radius, (beyond − margin) / ‖∇‖) · ∇ / ‖∇‖.

    The margin that is missing over the slope is the way to go if the slope stayed. It
    does not far from the target, hence the radius within which it is trusted; close to
    the target it does, and the last step lands a little beyond.

    Source: Polyak, 1969, Minimization of unsmooth functionals, for the length of steps
    when the value wanted is known.

    Args:
        radius: Greatest length of a step, in coordinates.
        beyond: Margin to aim at.
    """

    radius: float = 0.2
    beyond: float = 0.1
    start = remember_nothing

    def __post_init__(self) -> None:
        check_positive("radius", self.radius)
        check_positive("beyond", self.beyond)

    def step(
        self, z: Latent, margin: Scores, gradient: Latent, memory: Memory
    ) -> tuple[Latent, Memory]:
        """Step along the gradient, as far as is missing or as is trusted."""

        slope = torch.linalg.vector_norm(gradient, dim=1)
        missing = (self.beyond - margin).clamp_min(0)
        length = (missing / slope).nan_to_num().clamp_max(self.radius)

        return z + length[:, None] * unit(gradient), memory
