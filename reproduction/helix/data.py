"""A helix in space: the data of the toy example, with exact distances."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.shapes import Flags, Scores

__all__ = [
    "DISC",
    "GAUSSIAN",
    "Helix",
    "Noise",
    "Points",
    "curve",
    "distance",
    "helix",
    "normals",
    "tangents",
]

Points = Float[Tensor, "batch 3"]
Offsets = Float[Tensor, "batch 2"]

HALVINGS = 64  # of an interval of length 2π: more than double precision can tell apart


@dataclass(frozen=True)
class Noise:
    """Noise of thickness one in the plane normal to the curve.

    Args:
        draw: Draws offsets in the two normal directions, a row for each point.
        log_density: Log-density of offsets in that plane, in nats.
    """

    draw: Callable[[int, torch.Generator], Offsets]
    log_density: Callable[[Offsets], Scores]


@dataclass(frozen=True, eq=False)
class Helix:
    """Points near the helix.

    Args:
        points: Where they are.
        t: Where on the curve each was before noise, in [−π, π].
        log_density: Log-density of the points in space, in nats.
    """

    points: Points
    t: Scores
    log_density: Scores

    @property
    def labels(self) -> Flags:
        """The class of each point: the sign of t."""

        return self.t > 0


def curve(t: Scores) -> Points:
    """Return (sin t, cos t, t).

    Source: Dombrowski et al., 2024, Section IV-A, and the authors' notebook.
    """

    return torch.stack((t.sin(), t.cos(), t), dim=1)


def tangents(t: Scores) -> Points:
    """Return the unit tangents of the curve."""

    return torch.stack((t.cos(), -t.sin(), torch.ones_like(t)), dim=1) / math.sqrt(2)


def normals(t: Scores) -> tuple[Points, Points]:
    """Return two unit normals of the curve, the first towards its axis."""

    zero = torch.zeros_like(t)
    inward = torch.stack((-t.sin(), -t.cos(), zero), dim=1)
    upward = torch.stack((-t.cos(), t.sin(), zero + 1), dim=1) / math.sqrt(2)

    return inward, upward


def _in_disc(count: int, generator: torch.Generator) -> Offsets:
    radius, turn = torch.rand(2, count, generator=generator)
    angle = 2 * math.pi * turn
    circle = torch.stack((angle.cos(), angle.sin()), dim=1)
    offsets: Offsets = radius.sqrt()[:, None] * circle

    return offsets


GAUSSIAN = Noise(
    lambda count, generator: torch.randn(count, 2, generator=generator),
    lambda offsets: -offsets.square().sum(1) / 2 - math.log(2 * math.pi),
)
DISC = Noise(
    _in_disc, lambda offsets: torch.full_like(offsets[:, 0], -math.log(math.pi))
)


def helix(
    count: int,
    *,
    thickness: float,
    generator: torch.Generator,
    noise: Noise = GAUSSIAN,
) -> Helix:
    """Return points evenly on the helix with noise in the two normal directions.

    An offset a towards the axis shrinks lengths along the curve to 1 − a/2, where 1/2
    is the curvature; √2 is the speed of the curve. Hence the density is that of the
    noise over 2π √2 (1 − a/2), as long as no other part of the curve is as near.

    Args:
        count: How many.
        thickness: Standard deviation δ of Gaussian noise in each normal direction;
            radius of the disc that bounded noise fills.
        generator: Of places and noise.
        noise: Noise of thickness one.
    """

    t = (2 * torch.rand(count, generator=generator) - 1) * math.pi
    offsets = noise.draw(count, generator)
    across = thickness * offsets
    inward, upward = normals(t)
    points = curve(t) + across[:, :1] * inward + across[:, 1:] * upward
    area = t.new_tensor(thickness).square() * 2 * math.pi * math.sqrt(2)
    volume = area * (1 - across[:, 0] / 2)

    return Helix(points, t, noise.log_density(offsets) - volume.log())


def distance(x: Points) -> Scores:
    """Return the distance to the curve, its end points included.

    Half the derivative of |x − curve(t)|² is h(t) = t − x₃ − x₁ cos t + x₂ sin t. Where
    h′ vanishes is known in closed form, so the interval falls into at most three pieces
    on which h is monotone, and the root in each, if any, is found by bisection.
    """

    point = x.double()
    low, high = _pieces(point)
    left, right = low, high

    for _ in range(HALVINGS):
        middle = (left + right) / 2
        falling = _slope(point, middle) < 0
        left = torch.where(falling, middle, left)
        right = torch.where(falling, right, middle)

    places = torch.cat((low, high, left), dim=1)
    stops = curve(places.flatten()).reshape(*places.shape, 3)
    lengths = torch.linalg.vector_norm(point[:, None] - stops, dim=2)
    nearest: Tensor = lengths.amin(1).to(x.dtype)

    return nearest


def _slope(x: Tensor, t: Tensor) -> Tensor:
    one, two, three = x[:, :1], x[:, 1:2], x[:, 2:]

    return t - three - one * t.cos() + two * t.sin()


def _pieces(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the ends of the pieces of [−π, π] between zeros of h′(t).

    h′(t) = 1 + ρ sin(t + φ), where (x₁, x₂) = ρ (cos φ, sin φ).
    """

    radius = torch.linalg.vector_norm(x[:, :2], dim=1)
    phase = torch.atan2(x[:, 1], x[:, 0])
    turn = torch.asin((-1 / radius).clamp(-1, 1))
    zeros = torch.stack((turn - phase, math.pi - turn - phase), dim=1)
    inside = torch.remainder(zeros + math.pi, 2 * math.pi) - math.pi
    ends = torch.full_like(inside[:, :1], math.pi)
    marks = torch.cat((-ends, inside.sort(dim=1).values, ends), dim=1)

    return marks[:, :-1], marks[:, 1:]
