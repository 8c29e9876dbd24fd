"""Points that a map leaves where they are, found for many rows at once."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.func import jvp

from diffeo.coordinates.krylov import solve
from diffeo.shapes import Latent, Scores

__all__ = ["FixedPoint", "fixed_point", "newton_krylov"]

Map = Callable[[Latent, Int[Tensor, " batch"]], Latent]
NEWTON_STEPS = 6  # at most
HALVINGS = 4  # of each of them, at most
KRYLOV_STEPS = 16  # dimensions of the space in which each is solved for
WORTHWHILE = 0.7  # of a residual, to which a step of Newton's must bring it
RIDGE = 1e-12  # of the mean square of past residuals, so that equal ones do no harm


class FixedPoint(NamedTuple):
    """Where the iteration of each row has come to.

    Args:
        point: The best point of each row, shape (batch, latent).
        residual: The greatest absolute entry of map(point) − point, and of rounding.

    Example:
        >>> one = torch.ones(1)
        >>> FixedPoint(one[None], residual=one).residual
        tensor([1.])
    """

    point: Latent
    residual: Scores


@torch.no_grad()
def fixed_point(
    function: Map,
    start: Latent,
    *,
    tolerance: float,
    iterations: int = 60,
    memory: int = 12,
) -> FixedPoint:
    """Find a fixed point of a map for each row, by Anderson acceleration.

    The next point is the combination of the last ones whose residuals cancel best. A
    row ends at its first point within the tolerance, whatever the others do.

    Source: Walker and Ni, 2011, Anderson acceleration for fixed-point iterations,
    Algorithm AA.

    Args:
        function: From points and the numbers of their rows to their images.
        start: Where to start, shape (batch, latent).
        tolerance: Greatest absolute entry of the residual that is enough.
        iterations: Most evaluations for each row.
        memory: Number of last points that are combined.

    Example:
        >>> halve = lambda u, rows: u / 2 + 1
        >>> fixed_point(halve, torch.zeros(1, 2), tolerance=1e-6).point
        tensor([[2., 2.]])
    """

    best = FixedPoint(start.clone(), start.new_full((len(start),), torch.inf))
    rows = torch.arange(len(start), device=start.device)
    u = start
    points, residuals = (start.new_zeros(len(start), 0, start.shape[1]),) * 2

    for _ in range(iterations):
        residual = function(u, rows) - u
        size = _size(u, residual)
        better = size < best.residual[rows]
        best.point[rows[better]] = u[better]
        best.residual[rows[better]] = size[better]
        going = ~(size <= tolerance) & size.isfinite()

        if not going.any():
            break

        rows, u, residual = rows[going], u[going], residual[going]
        points = torch.cat((points[going], u[:, None]), dim=1)[:, -memory:]
        residuals = torch.cat((residuals[going], residual[:, None]), dim=1)[:, -memory:]
        u = _combined(points, residuals)

    return best


@torch.no_grad()
def newton_krylov(function: Map, begun: FixedPoint, *, tolerance: float) -> FixedPoint:
    """Go on from where another iteration has stalled, by Newton's method.

    Each linear system is solved in a Krylov space, from derivatives along vectors. A
    step that does not come nearer is halved; a row that still comes hardly nearer ends
    there, as where there is no point to find.

    Source: Knoll and Keyes, 2004, Jacobian-free Newton–Krylov methods, Section 2.

    Args:
        function: From points and the numbers of their rows to their images.
        begun: Where each row has come to; those within the tolerance stay.
        tolerance: Greatest absolute entry of the residual that is enough.

    Example:
        >>> steep = lambda u, rows: 3 - 20 * u.tanh()
        >>> start = torch.full((1, 1), 0.5)
        >>> begun = fixed_point(steep, start, tolerance=1e-6, iterations=2)
        >>> newton_krylov(steep, begun, tolerance=1e-6).residual <= 1e-6
        tensor([True])
    """

    point, size = (value.clone() for value in begun)
    rows = (~(size <= tolerance)).nonzero()[:, 0]

    for _ in range(NEWTON_STEPS):
        if len(rows) == 0:
            break

        u, before = point[rows], size[rows]
        image = partial(_image, function, rows)
        apply = partial(_tangent_residual, image, u)
        change = solve(apply, image(u) - u, KRYLOV_STEPS)

        for _ in range(HALVINGS):
            trial = u + change
            found = _size(trial, image(trial) - trial)
            better = found < size[rows]
            point[rows[better]] = trial[better]
            size[rows[better]] = found[better]
            change = (change / 2).masked_fill(better[:, None], 0)

            if (size[rows] < before).all():
                break

        rows = rows[(size[rows] < WORTHWHILE * before) & (size[rows] > tolerance)]

    return FixedPoint(point, size)


def _image(function: Map, rows: Int[Tensor, " batch"], u: Latent) -> Latent:
    return function(u, rows)


def _tangent_residual(
    image: Callable[[Latent], Latent], u: Latent, direction: Latent
) -> Latent:
    """Return what I − ∂image/∂u makes of a direction."""

    along: Latent = jvp(image, (u,), (direction,))[1]

    return direction - along


def _size(u: Latent, residual: Latent) -> Scores:
    """Return the greatest absolute entry of a residual, and of rounding."""

    rounding = torch.finfo(u.dtype).eps * u.abs().amax(1)
    size: Scores = residual.abs().amax(1) + rounding

    return size


def _combined(
    points: Float[Tensor, "batch memory latent"],
    residuals: Float[Tensor, "batch memory latent"],
) -> Latent:
    """Return the combination of images whose combined residual is least."""

    exact = residuals.double()
    products = exact @ exact.mT
    square = products.diagonal(dim1=1, dim2=2).mean(1).clamp_min(1e-300)
    ridge = torch.eye(products.shape[1], dtype=exact.dtype, device=exact.device)
    scaled = products / square[:, None, None] + RIDGE * ridge
    weights = torch.linalg.solve(scaled, torch.ones_like(scaled[:, :, :1]))
    weights = (weights / weights.sum(1, keepdim=True)).to(points.dtype)
    combined: Latent = (weights * (points + residuals)).sum(1)

    return combined
