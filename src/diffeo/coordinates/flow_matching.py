"""Flow matching as coordinates: Euler steps, each inverted until it has converged."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from diffeo.codec import Codec
from diffeo.coordinates.euler_step import EulerStep
from diffeo.coordinates.log_determinant import (
    estimated_log_determinant,
    log_determinant,
)
from diffeo.shapes import Data, Flags, Latent, Scores
from diffeo.typical import normal_log_prob

__all__ = ["Certificate", "FlowMatching", "LogDensity"]

Steps = Float[Tensor, "batch steps"]
POWER_ITERATIONS = 12
Taken = Callable[[EulerStep, Latent], Latent]
SMALL = 64  # dimensions of data whose determinants are not estimated


class LogDensity(NamedTuple):
    """The log-density of each row in nats, and how surely it is known.

    Args:
        mean: The log-density, or the mean of estimates of it.
        error: The standard error of this mean; 0 of what is exact.

    Example:
        >>> LogDensity(torch.ones(1), torch.zeros(1)).error
        tensor([0.])
    """

    mean: Scores
    error: Scores


@dataclass(frozen=True)
class Certificate:
    """How exactly each row was encoded, and whether its point is the only one there.

    Args:
        residual: By how much each step, from the data on, misses the point after it, in
            units of the data.
        contraction: Estimates of h ‖∂v/∂x‖ at the points that the steps lead from:
            where it is below 1, nearby points cannot lead to the same one.
        tolerance: Greatest residual that counts as none, in units of the data.

    Example:
        >>> here = torch.tensor([[1e-6, 1e-6]])
        >>> Certificate(here, contraction=here, tolerance=1e-5).exact
        tensor([True])
    """

    residual: Steps
    contraction: Steps
    tolerance: float

    @property
    def exact(self) -> Flags:
        """Whether all steps of a row have converged."""

        return (self.residual <= self.tolerance).all(1)

    @property
    def contractive(self) -> Flags:
        """Whether all steps of a row are contractions, as far as is known."""

        return (self.contraction < 1).all(1)


class FlowMatching(nn.Module):
    """Coordinates of a velocity field that was trained by flow matching.

    Decoding takes Euler steps from noise at t = 0 to data at t = 1, x + h v(x, t). Each
    is a diffeomorphism where h times the Lipschitz constant of v is below 1, and
    encoding undoes it by iteration, for the row at hand and to a tolerance.

    Source: Lipman, Chen, Ben-Hamu, Nickel and Le, 2023, Flow matching for generative
    modeling, for v. Behrmann, Grathwohl, Chen, Duvenaud and Jacobsen, 2019, Invertible
    residual networks, Theorem 1, for the inverse.

    Args:
        velocity: v, from points of shape (batch, *shape) and times of shape (batch,) to
            velocities.
        shape: Shape of one datum.
        times: Times of the steps, from 0 to 1.
        center: What is subtracted from data before they are divided by `spread`, so
            that they are as large as noise.
        spread: See `center`.
        tolerance: Greatest residual of a step, in units of the data.
        iterations: Most evaluations of v for each step's inverse before Newton's.

    Raises:
        ValueError: If the times do not rise from 0 to 1.

    Example:
        >>> class Still(nn.Module):
        ...     def forward(self, x: Tensor, t: Tensor) -> Tensor:
        ...         return 0 * x
        >>> place = FlowMatching(Still(), (2,), times=(0.0, 0.5, 1.0))
        >>> place.decode(place.encode(torch.ones(1, 2)))
        tensor([[1., 1.]])
    """

    def __init__(
        self,
        velocity: nn.Module,
        shape: tuple[int, ...],
        *,
        times: Sequence[float],
        center: float = 0.0,
        spread: float = 1.0,
        tolerance: float = 1e-5,
        iterations: int = 60,
    ) -> None:
        super().__init__()
        self.velocity = velocity
        self.shape = shape
        self.times = tuple(times)
        self.center = center
        self.spread = spread
        self.tolerance = tolerance
        self.iterations = iterations
        pairs = itertools.pairwise(self.times)

        if (
            self.times[:1] != (0,)
            or self.times[-1:] != (1,)
            or not all(before < after for before, after in pairs)
        ):
            raise ValueError(f"times must rise from 0 to 1, got {self.times}")

        self.train(velocity.training)

    def standardized(self, x: Data) -> Data:
        """Return data in the units of the field, in which they are like noise."""

        standard: Data = (x - self.center) / self.spread

        return standard

    def encode(self, x: Data) -> Latent:
        """Return the latent coordinates of data, each step's residual the least found.

        `certify` tells how exact they are.
        """

        return self._inverted(x)[0]

    def decode(self, z: Latent) -> Data:
        """Return the data at latent coordinates."""

        return self._decoded(z, EulerStep.__call__)

    def steps(self) -> list[EulerStep]:
        """Return the steps from noise to data, of points made vectors."""

        return [
            EulerStep(self._velocity, before, after - before)
            for before, after in itertools.pairwise(self.times)
        ]

    def inference(
        self, *, dtype: torch.dtype | None = None, invertible: bool = False
    ) -> Codec | None:
        """Return coordinates that decode in lower precision, or in little memory.

        Args:
            dtype: Precision of the heavy arithmetic of v: bfloat16 or float16, with
                which points keep theirs, and the data are the same to that precision.
            invertible: Whether the backward pass keeps one step's activations.

        Returns:
            None where nothing but the own precision and the plain pass is asked for.
        """

        plain = dtype is None and not invertible

        if plain or dtype not in (None, torch.bfloat16, torch.float16):
            return None

        take = partial(_rough, dtype) if dtype else EulerStep.__call__
        taken = _lean(take) if invertible else take

        return Codec(self.encode, partial(self._decoded, taken=taken))

    def log_prob(self, x: Data) -> Scores:
        """Return the log-density of data, in nats: the mean of `log_density`."""

        return self.log_density(x).mean

    @torch.no_grad()
    def log_density(self, x: Data, *, draws: int = 2, seed: int = 0) -> LogDensity:
        """Return the log-density of data, exactly up to 64 dimensions, else estimated.

        Args:
            x: Data; a row that is encoded approximately gets the density of its
                reconstruction.
            draws: Number of estimates, at least two.
            seed: Seed of the random signs behind them, which all rows share.
        """

        z = self.encode(x)
        latent = z.shape[1]
        generator = torch.Generator().manual_seed(seed)
        signs = torch.randint(2, (draws, latent), generator=generator).to(z) * 2 - 1
        base = normal_log_prob(z) - latent * math.log(self.spread)
        density = base + z.new_zeros(draws, 1)
        point = z

        for step in self.steps():
            density = density - (
                log_determinant(step, point)
                if latent <= SMALL
                else estimated_log_determinant(step, point, signs)
            )
            point = step(point)

        return LogDensity(density.mean(0), density.std(0) / draws**0.5)

    @torch.no_grad()
    def certify(
        self, x: Data, *, seed: int = 0, rounds: int = POWER_ITERATIONS
    ) -> Certificate:
        """Encode data and return how exactly that was done.

        Args:
            x: Data.
            seed: Seed of the directions from which the norms are estimated.
            rounds: Derivatives taken, forwards and back, for each of these estimates,
                which cost far more than the rest; after none, they are NaN.
        """

        z, residuals = self._inverted(x)
        generator = torch.Generator().manual_seed(seed)
        direction = torch.randn(z.shape, generator=generator, dtype=z.dtype).to(z)
        contractions = []
        point = z

        for step in self.steps():
            contractions.append(step.contraction(point, direction, rounds))
            point = step(point)

        return Certificate(
            torch.stack(residuals, dim=1),
            torch.stack(contractions[::-1], dim=1),
            self.tolerance,
        )

    def _velocity(self, point: Latent, time: float) -> Latent:
        x = point.reshape(len(point), *self.shape)
        times = point.new_full((len(point),), time)
        velocity: Latent = self.velocity(x, times).flatten(1)

        return velocity

    def _decoded(self, point: Latent, taken: Taken) -> Data:
        for step in self.steps():
            point = taken(step, point)

        return point.reshape(len(point), *self.shape) * self.spread + self.center

    @torch.no_grad()
    def _inverted(self, x: Data) -> tuple[Latent, list[Scores]]:
        """Return the coordinates, and each step's residual from the data on."""

        point = self.standardized(x).flatten(1)
        enough = self.tolerance / self.spread
        residuals = []

        for step in reversed(self.steps()):
            found = step.undone(point, tolerance=enough, iterations=self.iterations)
            point = found.point
            residuals.append(found.residual * self.spread)

        return point, residuals


def _rough(dtype: torch.dtype, step: EulerStep, point: Latent) -> Latent:
    """Take a step with the heavy arithmetic of its velocity in another precision."""

    with torch.autocast(point.device.type, dtype):
        return step(point)


def _lean(take: Taken) -> Taken:
    """Return how to take steps of which gradients keep but where they begin."""

    return partial(checkpoint, take, use_reentrant=False)
