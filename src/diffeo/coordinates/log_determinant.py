"""By how much maps of many rows change volumes, exactly or as an estimate."""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import jvp

from diffeo.coordinates.krylov import log_form
from diffeo.shapes import Latent, Scores

__all__ = ["estimated_log_determinant", "log_determinant"]

Map = Callable[[Latent], Latent]
KRYLOV_STEPS = 6


def log_determinant(function: Map, x: Latent) -> Scores:
    """Return log|det| of a map's Jacobian, from a derivative along each dimension.

    Args:
        function: The map, each row's image depending on this row alone.
        x: Where, shape (batch, latent).

    Example:
        >>> log_determinant(torch.exp, torch.ones(1, 3)).round(decimals=3)
        tensor([3.])
    """

    directions = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    columns = [_along(function, x, each.expand_as(x)) for each in directions]
    size: Scores = torch.linalg.slogdet(torch.stack(columns, dim=2))[1]

    return size


def estimated_log_determinant(
    function: Map, x: Latent, probes: Float[Tensor, "draws latent"]
) -> Float[Tensor, "draws batch"]:
    """Return estimates of log|det| of a map's Jacobian, one for each probe.

    Source: Hutchinson, 1990, A stochastic estimator of the trace of the influence
    matrix, for the trace of the Jacobian's logarithm.

    Args:
        function: The map, each row's image depending on this row alone.
        x: Where, shape (batch, latent).
        probes: Random signs, the same for all rows.

    Example:
        >>> probes = torch.ones(2, 3)
        >>> found = estimated_log_determinant(torch.exp, torch.ones(1, 3), probes)
        >>> found.round(decimals=3).flatten()
        tensor([3., 3.])
    """

    along = partial(_along, function, x)

    return torch.stack(
        [log_form(along, probe.expand_as(x), KRYLOV_STEPS) for probe in probes]
    )


def _along(function: Map, x: Latent, direction: Latent) -> Latent:
    change: Latent = jvp(function, (x,), (direction,))[1]

    return change
