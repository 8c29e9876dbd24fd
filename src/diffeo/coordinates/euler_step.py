"""A step of Euler along a velocity field, and how it is undone."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import jvp, vjp

from diffeo.coordinates.fixed_point import FixedPoint, fixed_point, newton_krylov
from diffeo.shapes import Indices, Latent, Scores

__all__ = ["EulerStep"]

Points = Float[Tensor, "every latent"]


@dataclass(frozen=True)
class EulerStep:
    """From a point x to x + h v(x, t), a diffeomorphism where h ‖∂v/∂x‖ is below 1.

    Args:
        velocity: v, from points and one time to velocities.
        time: t, when the step begins.
        length: h, how long it takes.

    Example:
        >>> step = EulerStep(lambda x, t: x, time=0.0, length=0.5)
        >>> step(torch.ones(1, 2))
        tensor([[1.5000, 1.5000]])
    """

    velocity: Callable[[Latent, float], Latent]
    time: float
    length: float

    def __call__(self, point: Latent) -> Latent:
        """Return where the step leads."""

        return point + self.length * self.velocity(point, self.time)

    def undone(self, after: Latent, *, tolerance: float, iterations: int) -> FixedPoint:
        """Return the points that lead to some, by iteration for each row.

        It is Anderson's at first, Newton's where that stalls.

        Args:
            after: Where the step has led.
            tolerance: Greatest residual that is enough.
            iterations: Most evaluations of v for each row before Newton's.

        Source: Behrmann, Grathwohl, Chen, Duvenaud and Jacobsen, 2019, Invertible
        residual networks, Algorithm 1.
        """

        origin = partial(self._origin, after)
        found = fixed_point(origin, after, tolerance=tolerance, iterations=iterations)

        return newton_krylov(origin, found, tolerance=tolerance)

    def contraction(self, point: Latent, direction: Latent, rounds: int) -> Scores:
        """Return estimates of h ‖∂v/∂x‖ at points, by iteration; NaN after no round.

        Args:
            point: The points.
            direction: Where the iteration starts, not zero.
            rounds: Derivatives taken, forwards and back.
        """

        norm = point.new_full((len(point),), torch.nan)

        if not rounds:
            return norm

        def velocity(x: Latent) -> Latent:
            return self.velocity(x, self.time)

        pull = vjp(velocity, point)[1]

        for _ in range(rounds):
            direction = direction / direction.norm(dim=1, keepdim=True).clamp_min(1e-30)
            along = jvp(velocity, (point,), (direction,))[1]
            (direction,) = pull(along)
            norm = along.norm(dim=1)

        return self.length * norm

    def _origin(self, after: Points, guess: Latent, rows: Indices) -> Latent:
        """Return the origin of the step to some rows, with the velocity at a guess."""

        return after[rows] - self.length * self.velocity(guess, self.time)
