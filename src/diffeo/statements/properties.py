"""What holds of coordinates at a few points: gradients, rows, densities, samples."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.wrapping import density_of
from diffeo.geometry.products import jacobian
from diffeo.shapes import Data, Latent, Model, Scores
from diffeo.typical import normal_log_prob

__all__ = ["batch_gap", "density_gap", "least_gradient", "near_share", "nearest_to"]

SMALL = 256  # dimensions up to which the log-determinant is computed in full
COMPARED = 1000  # data among which the nearest is looked for
NEAR = 0.95  # quantile of the distances of data to the nearest other
Samples = Float[Tensor, "samples *data"]
Others = Float[Tensor, "others ..."]


@torch.enable_grad()
def least_gradient(decode: Model, z: Latent) -> float | None:
    """Return the least norm of the gradient of a weighted sum of decoded data.

    Args:
        decode: From coordinates to data.
        z: Coordinates of a few rows.

    Returns:
        NaN if a gradient is not finite; None if there is none.

    Example:
        >>> least_gradient(lambda z: 2 * z, torch.zeros(3, 1))
        2.0
    """

    z = z.detach().clone().requires_grad_()
    x = decode(z)

    if not x.requires_grad:
        return None

    weights = torch.linspace(1, 2, x[0].numel()).to(x).reshape(x[0].shape)
    (gradient,) = torch.autograd.grad((weights * x).sum(), z)

    norm = torch.linalg.vector_norm(gradient, dim=1)

    return norm.min().item() if norm.isfinite().all() else math.nan


def batch_gap(function: Callable[..., Tensor], *rows: Tensor) -> float:
    """Return the greatest relative difference between rows alone and together.

    Args:
        function: From rows to as many rows.
        *rows: Its arguments, each with the rows first.

    Example:
        >>> batch_gap(lambda x: x - x.mean(), torch.tensor([0.0, 2.0]))
        1.0
    """

    together = function(*rows)
    each = zip(*(part.split(1) for part in rows), strict=True)
    alone = torch.cat([function(*row) for row in each])

    return ((alone - together).abs().max() / together.abs().max()).item()


def density_gap(coordinates: Coordinates, z: Latent) -> float | None:
    """Return how far a log-density is from that of N(0, I) and the Jacobian, in nats.

    Args:
        coordinates: Any coordinates.
        z: A few points.

    Returns:
        The greatest difference; None if they know no density, or are not small.

    Example:
        >>> from diffeo import Identity
        >>> density_gap(Identity((2,)), torch.zeros(1, 2)) is None
        True
    """

    density, size = density_of(coordinates), z.shape[1]

    if density is None or size > SMALL:
        return None

    x = coordinates.decode(z)

    if x[0].numel() != size:
        return None

    logdet = torch.linalg.slogdet(jacobian(coordinates.decode, z)).logabsdet
    gap: Tensor = density(x) - (normal_log_prob(z) - logdet)

    return gap.abs().max().item()


def near_share(samples: Samples, x: Data) -> float | None:
    """Return the share of samples as near to data as nearly all of these are.

    Near is the distance to the nearest datum that is at most the quantile 0.95 of those
    of data to the nearest other, among the first thousand.

    Args:
        samples: What a generator makes of draws.
        x: Real data.

    Returns:
        None if there are fewer than two data.

    Example:
        >>> near_share(torch.tensor([[0.5], [9.0]]), torch.tensor([[0.0], [1.0]]))
        0.5
    """

    real = x[:COMPARED].flatten(1)

    if len(real) < 2:
        return None

    own = torch.cdist(real, real).fill_diagonal_(torch.inf).amin(1)
    distance, _ = nearest_to(samples, real)

    return (distance <= own.quantile(NEAR)).double().mean().item()


@torch.no_grad()
def nearest_to(x: Data, others: Others) -> tuple[Scores, Int[Tensor, " batch"]]:
    """Return how far the nearest of other data is from each, and which it is.

    Args:
        x: Data of any shape.
        others: Others of the same shape, among which to look.

    Returns:
        Euclidean distances, and places among the others.

    Example:
        >>> nearest_to(torch.zeros(1, 2), torch.tensor([[3.0, 3.0], [0.0, 1.0]]))
        (tensor([1.]), tensor([1]))
    """

    flat = x.flatten(1)
    distance = flat.new_full((len(flat),), torch.inf)
    nearest = torch.zeros_like(distance, dtype=torch.long)
    first = 0

    for part in others.split(500):
        gap, place = torch.cdist(flat, part.flatten(1)).min(dim=1)
        nearest = torch.where(gap < distance, first + place, nearest)
        distance = gap.minimum(distance)
        first += len(part)

    return distance, nearest
