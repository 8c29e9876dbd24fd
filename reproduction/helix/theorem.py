"""Theorem 1 in numbers: thinner data, smaller eigenvalues normal to the manifold."""

import copy
import math
from dataclasses import dataclass, replace
from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.coordinates.zuko import ZukoFlow
from diffeo.geometry.singular import Singular, singular
from diffeo.progress import track
from diffeo.shapes import Scores
from reproduction.helix.data import curve
from reproduction.helix.models import FreshPoints, fit_flow

__all__ = [
    "Sweep",
    "Theorem",
    "frames",
    "inner_places",
    "normal_eigenvalue",
    "theorem",
]

INNER = 0.9 * math.pi  # the ends of the helix are left out
PLACES = 200  # on the helix, where eigenvalues are taken
Thicknesses = Float[Tensor, " thicknesses"]
Eigenvalues = Float[Tensor, "flows thicknesses"]


@dataclass(frozen=True)
class Sweep:
    """Which flows to fit.

    Args:
        thicknesses: Standard deviations of the data.
        seeds: Seeds of flows and data.
        points: How many points each flow is fitted to.
        short: How many points an under-trained flow is fitted to.
    """

    thicknesses: tuple[float, ...]
    seeds: tuple[int, ...]
    points: FreshPoints
    short: FreshPoints


@dataclass(frozen=True, eq=False)
class Theorem:
    """Eigenvalues λ⊥ normal to the helix, a row for each flow.

    Args:
        thicknesses: Standard deviations of the data, one for each column.
        trained: Of well-trained flows, one for each seed.
        short: Of an under-trained flow.
        alternating: Of a flow whose splines take the features in the opposite order.
    """

    thicknesses: Thicknesses
    trained: Eigenvalues
    short: Eigenvalues
    alternating: Eigenvalues

    def results(self) -> dict[str, float]:
        """Return slopes and ratios by name.

        The slope is that of log λ⊥ over log δ, a mean over seeds, beside the least and
        the greatest of them. The ratios are of λ⊥ to δ².
        """

        slopes = _slopes(self.thicknesses, self.trained)
        ratios = self.trained / self.thicknesses**2
        results = {
            "normal_eigenvalue_slope": slopes.mean().item(),
            "normal_eigenvalue_slope_low": slopes.min().item(),
            "normal_eigenvalue_slope_high": slopes.max().item(),
            "normal_eigenvalue_ratio_min": ratios.min().item(),
            "normal_eigenvalue_ratio_max": ratios.max().item(),
        }
        others = {"_undertrained": self.short, "_alternating": self.alternating}

        for name, values in ({"": self.trained} | others).items():
            middle = (values.log().mean(0) - 2 * self.thicknesses.log()).exp()
            results |= {
                f"normal_eigenvalue_ratio{name}_{thickness:g}": ratio
                for thickness, ratio in zip(
                    self.thicknesses.tolist(), middle.tolist(), strict=True
                )
            }

        for name, values in others.items():
            slope = _slopes(self.thicknesses, values).mean()
            results[f"normal_eigenvalue_slope{name}"] = slope.item()

        return results


def theorem(sweep: Sweep, *, progress: bool) -> Theorem:
    """Fit flows to data of several thicknesses and measure λ⊥.

    Args:
        sweep: Which flows.
        progress: Whether to show a bar.
    """

    trained = [replace(sweep.points, seed=seed) for seed in sweep.seeds]
    short = replace(sweep.short, seed=sweep.seeds[0])
    flows = [*((points, False) for points in trained), (short, False)]
    flows.append((trained[0], True))
    jobs = list(product(flows, sweep.thicknesses))
    found = [
        normal_eigenvalue(
            fit_flow(replace(points, thickness=thickness), alternate=alternate)
        )
        for (points, alternate), thickness in track(
            jobs, "Fitting flows", shown=progress
        )
    ]
    rows = torch.tensor(found, dtype=torch.float64).reshape(len(flows), -1)
    thicknesses = torch.tensor(sweep.thicknesses, dtype=torch.float64)

    return Theorem(thicknesses, rows[:-2], rows[-2:-1], rows[-1:])


def inner_places(count: int = PLACES) -> Scores:
    """Return places t on the helix with |t| ≤ 0.9π."""

    return torch.linspace(-INNER, INNER, count, dtype=torch.float64)


def frames(flow: ZukoFlow, t: Scores) -> Singular:
    """Return the singular vectors of a flow's Jacobian on the helix, in float64.

    Args:
        flow: Coordinates of points in space.
        t: Places on the helix.
    """

    precise = copy.deepcopy(flow).double()

    with torch.no_grad():
        z = precise.encode(curve(t))

    return singular(precise.decode, z)


def normal_eigenvalue(flow: ZukoFlow) -> float:
    """Return the geometric mean of the two smallest eigenvalues of γ⁻¹ on the helix.

    Args:
        flow: Coordinates of points in space.
    """

    values = frames(flow, inner_places()).values

    return values[:, 1:].square().log().mean().exp().item()


def _slopes(
    thicknesses: Thicknesses, eigenvalues: Eigenvalues
) -> Float[Tensor, " flows"]:
    x = thicknesses.log() - thicknesses.log().mean()

    return (eigenvalues.log() @ x) / x.square().sum()
