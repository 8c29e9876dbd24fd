"""What Theorem 1 assumes of a flow of the helix, and what it says of it."""

import copy
import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.geometry.singular import Singular, singular
from diffeo.shapes import Scores
from reproduction.helix.data import curve, distance, helix, normals
from reproduction.helix.models import FreshPoints

__all__ = ["Measures", "frames", "inner_places", "measure_flow"]

INNER = 0.9 * math.pi  # the ends of the helix are left out
PLACES = 200  # on the helix, where eigenvalues are taken
BATCHES = 40  # of points of the data, and as many of the flow
FRESH = 1_000  # added to a seed: points that no flow was fitted to


class Measures(NamedTuple):
    """Measures of one flow, or of flows stacked in leading dimensions.

    Args:
        smallest: The two smallest eigenvalues of γ⁻¹ at places on the helix.
        across: The two eigenvalues of Nᵀγ⁻¹N there, where the columns of N are the
            Euclidean normals of the helix.
        log_ratios: log p(x) − log q(x) of fresh points x of the data, whose mean
            estimates KL(p, q), in nats.
        within: Share of the flow's samples no farther from the helix than δ.
    """

    smallest: Float[Tensor, "*flows places 2"]
    across: Float[Tensor, "*flows places 2"]
    log_ratios: Float[Tensor, "*flows samples"]
    within: Float[Tensor, "*flows"]


def measure_flow(flow: ZukoFlow | FlowMatching, points: FreshPoints) -> Measures:
    """Measure a flow, in float64.

    Source: Dombrowski et al., 2024, Theorem 1 and equation (21).

    Args:
        flow: Coordinates of points in space.
        points: What it was fitted to.
    """

    t, precise = inner_places(), copy.deepcopy(flow).double()
    found = frames(flow, t)
    parts = torch.stack(normals(t), dim=1) @ (found.left * found.values[:, None])
    generator = torch.Generator().manual_seed(points.seed + FRESH)
    count = BATCHES * points.size
    fresh = helix(
        count, thickness=points.thickness, generator=generator, noise=points.noise
    )
    z = torch.randn(count, 3, generator=generator, dtype=torch.float64)

    with torch.no_grad():
        log_ratios = fresh.log_density - precise.log_prob(fresh.points.double())
        near = distance(precise.decode(z)) <= points.thickness

    return Measures(
        found.values[:, 1:].square(),
        torch.linalg.svdvals(parts).square(),
        log_ratios,
        near.double().mean(),
    )


def inner_places(count: int = PLACES) -> Scores:
    """Return places t on the helix with |t| ≤ 0.9π."""

    return torch.linspace(-INNER, INNER, count, dtype=torch.float64)


def frames(flow: ZukoFlow | FlowMatching, t: Scores) -> Singular:
    """Return the singular vectors of a flow's Jacobian on the helix, in float64.

    Args:
        flow: Coordinates of points in space.
        t: Places on the helix.
    """

    precise = copy.deepcopy(flow).double()

    with torch.no_grad():
        z = precise.encode(curve(t))

    return singular(precise.decode, z)
