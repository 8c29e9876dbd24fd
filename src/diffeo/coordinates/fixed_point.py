"""Points that a map leaves where they are, found for many rows at once."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from diffeo.shapes import Latent, Scores

__all__ = ["FixedPoint", "fixed_point"]

Map = Callable[[Latent, Int[Tensor, " batch"]], Latent]
RIDGE = 1e-12  # of the mean square of past residuals, so that equal ones do no harm


class FixedPoint(NamedTuple):
    """Where the iteration of each row has come to.

    Args:
        point: The best point of each row, shape (batch, latent).
        residual: The greatest absolute entry of map(point) − point, and of rounding.
        evaluations: How often the map was asked.

    Example:
        >>> one = torch.ones(1)
        >>> FixedPoint(one[None], residual=one, evaluations=one.long()).residual
        tensor([1.])
    """

    point: Latent
    residual: Scores
    evaluations: Int[Tensor, " batch"]


@torch.no_grad()
def fixed_point(
    function: Map,
    start: Latent,
    *,
    tolerance: float,
    iterations: int = 60,
    memory: int = 6,
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

    best = FixedPoint(
        start.clone(),
        start.new_full((len(start),), torch.inf),
        torch.zeros(len(start), dtype=torch.long, device=start.device),
    )
    rows = torch.arange(len(start), device=start.device)
    u = start
    rounding = torch.finfo(start.dtype).eps
    points, residuals = (start.new_zeros(len(start), 0, start.shape[1]),) * 2

    for _ in range(iterations):
        residual = function(u, rows) - u
        size = residual.abs().amax(1) + rounding * u.abs().amax(1)
        best.evaluations[rows] += 1
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
