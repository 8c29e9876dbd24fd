"""Theorem 1 in numbers: thinner data, smaller eigenvalues normal to the manifold."""

import copy
import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from rich.console import Console
from rich.progress import track
from torch import Tensor

from diffeo.coordinates.zuko import ZukoFlow
from diffeo.geometry.singular import Singular, singular
from diffeo.shapes import Scores
from reproduction.helix.data import curve
from reproduction.helix.models import Budget, fit_flow, flow_recipe

__all__ = [
    "Sweep",
    "Theorem",
    "frames",
    "inner_places",
    "normal_eigenvalue",
    "theorem",
]

INNER = 0.9 * math.pi  # the ends of the helix are left out


@dataclass(frozen=True)
class Sweep:
    """Which flows to fit.

    Args:
        thicknesses: Of the data.
        seeds: Of flows and data.
        budget: Of each flow.
        short: Of an under-trained flow.
    """

    thicknesses: tuple[float, ...]
    seeds: tuple[int, ...]
    budget: Budget
    short: Budget


@dataclass(frozen=True, eq=False)
class Theorem:
    """Eigenvalues λ⊥ normal to the helix, a column for each thickness.

    Args:
        thicknesses: Of the data.
        trained: A row for each seed.
        short: Of under-trained flows, a row.
        alternating: Of flows whose splines take the features in the opposite order.
    """

    thicknesses: Float[Tensor, " thicknesses"]
    trained: Float[Tensor, "seeds thicknesses"]
    short: Float[Tensor, "one thicknesses"]
    alternating: Float[Tensor, "one thicknesses"]

    def figures(self) -> dict[str, float]:
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
        others = {"undertrained": self.short, "alternating": self.alternating}

        for name, values in (("", self.trained), *others.items()):
            middle = (values.log().mean(0) - 2 * self.thicknesses.log()).exp()

            for thickness, ratio in zip(self.thicknesses, middle, strict=True):
                key = "_".join(filter(None, ("normal_eigenvalue_ratio", name)))
                results[f"{key}_{thickness:g}"] = ratio.item()

        for name, values in others.items():
            slope = _slopes(self.thicknesses, values).mean()
            results[f"normal_eigenvalue_slope_{name}"] = slope.item()

        return results


def theorem(sweep: Sweep, *, progress: bool) -> Theorem:
    """Fit flows to data of several thicknesses and measure λ⊥.

    Args:
        sweep: Which flows.
        progress: Whether to show a bar.
    """

    kinds = {
        "trained": (sweep.seeds, sweep.budget, False),
        "short": (sweep.seeds[:1], sweep.short, False),
        "alternating": (sweep.seeds[:1], sweep.budget, True),
    }
    jobs = [
        (name, thickness, seed)
        for name, (seeds, _, _) in kinds.items()
        for seed in seeds
        for thickness in sweep.thicknesses
    ]
    found: dict[str, list[float]] = {name: [] for name in kinds}

    for name, thickness, seed in track(
        jobs, "Fitting flows", console=Console(stderr=True), disable=not progress
    ):
        _, budget, alternate = kinds[name]
        recipe = flow_recipe(seed=seed, alternate=alternate)
        flow = fit_flow(recipe, budget, thickness=thickness, seed=seed)
        found[name].append(normal_eigenvalue(frames(flow, inner_places(200))))

    columns = len(sweep.thicknesses)

    return Theorem(
        torch.tensor(sweep.thicknesses, dtype=torch.float64),
        **{
            name: torch.tensor(values, dtype=torch.float64).reshape(-1, columns)
            for name, values in found.items()
        },
    )


def inner_places(count: int) -> Scores:
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


def normal_eigenvalue(found: Singular) -> float:
    """Return the geometric mean of the two smallest eigenvalues over all points."""

    return found.values[:, 1:].square().log().mean().exp().item()


def _slopes(
    thicknesses: Float[Tensor, " thicknesses"],
    eigenvalues: Float[Tensor, "flows thicknesses"],
) -> Float[Tensor, " flows"]:
    x = thicknesses.log() - thicknesses.log().mean()

    return (eigenvalues.log() @ x) / x.square().sum()
