"""Theorem 1 in numbers: thinner data, smaller eigenvalues normal to the manifold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.progress import track
from reproduction.helix.measures import Measures, inner_places, measure_flow
from reproduction.helix.models import FreshPoints, fit_flow

__all__ = [
    "Family",
    "Series",
    "family_results",
    "fit_families",
    "make_family",
    "slopes",
]

SPREAD = (0.025, 0.975)  # quantiles of the slopes over seeds and places
Thicknesses = Float[Tensor, " thicknesses"]


@dataclass(frozen=True)
class Series:
    """Flows to be fitted alike to data of several thicknesses.

    Args:
        points: What each is fitted to, but for thickness and seed.
        thicknesses: Thicknesses δ of the data.
        seeds: Seeds of flows and data, each taken at all thicknesses.
        alternate: Whether the splines take the features in the opposite order.
    """

    points: FreshPoints
    thicknesses: tuple[float, ...]
    seeds: tuple[int, ...] = (0,)
    alternate: bool = False


@dataclass(frozen=True, eq=False)
class Family:
    """Measures of flows fitted alike.

    Args:
        thicknesses: Thicknesses δ of the data, one for each column.
        measures: Of the flows, a row for each seed.
    """

    thicknesses: Thicknesses
    measures: Measures

    def by_thickness(self) -> dict[str, Thicknesses]:
        """Return what is measured at each thickness, by name.

        The ratios are of eigenvalues to δ². Means and worst are over seeds, places and
        both directions; of the smallest eigenvalues the mean is geometric. The place
        of the worst is its t on the helix.
        """

        smallest, across, log_ratios, within = self.measures
        squares = self.thicknesses.square()
        count = log_ratios[:, 0].numel()

        return {
            "normal_eigenvalue_ratio": smallest.log().mean((0, 2, 3)).exp() / squares,
            "normal_eigenvalue_ratio_worst": smallest.amax((0, 2, 3)) / squares,
            "normal_eigenvalue_ratio_worst_place": _worst_places(smallest),
            "euclidean_normal_ratio": across.mean((0, 2, 3)) / squares,
            "euclidean_normal_ratio_worst": across.amax((0, 2, 3)) / squares,
            "euclidean_normal_ratio_worst_place": _worst_places(across),
            "kl_nats": log_ratios.mean((0, 2)),
            "kl_nats_error": log_ratios.std((0, 2)) / count**0.5,
            "within_share": within.mean(0),
        }

    def over_thicknesses(self) -> dict[str, Tensor]:
        """Return slopes of log eigenvalues over log δ, and the worst flow, by name.

        A slope is the mean over seeds, `low` and `high` the least and the greatest of
        them; between `place_low` and `place_high` are 95 % of the slopes at one place
        of one seed.
        """

        smallest, across, log_ratios, _ = self.measures
        squares = self.thicknesses.square()
        means = smallest.log().mean((2, 3)).exp()
        found, ratios = slopes(self.thicknesses, means), means / squares
        places = slopes(self.thicknesses, smallest.log().mean(3).exp().mT)
        low, high = places.flatten().quantile(places.new_tensor(SPREAD))

        return {
            "normal_eigenvalue_slope": found.mean(),
            "normal_eigenvalue_slope_low": found.min(),
            "normal_eigenvalue_slope_high": found.max(),
            "normal_eigenvalue_slope_place_low": low,
            "normal_eigenvalue_slope_place_high": high,
            "normal_eigenvalue_ratio_min": ratios.min(),
            "normal_eigenvalue_ratio_max": ratios.max(),
            "normal_eigenvalue_ratio_worst": (smallest.amax((0, 2, 3)) / squares).max(),
            "euclidean_normal_slope": slopes(
                self.thicknesses, across.mean((2, 3))
            ).mean(),
            "euclidean_normal_ratio_worst": (across.amax((0, 2, 3)) / squares).max(),
            "kl_nats_worst": log_ratios.mean(2).max(),
        }


def _worst_places(
    eigenvalues: Float[Tensor, "seeds thicknesses places 2"],
) -> Thicknesses:
    """Return the place on the helix, t, of the largest at each thickness."""

    largest = eigenvalues.amax((0, 3))

    return inner_places(largest.shape[1])[largest.argmax(1)]


def slopes(
    thicknesses: Thicknesses, eigenvalues: Float[Tensor, "*flows thicknesses"]
) -> Float[Tensor, "*flows"]:
    """Return the slope of log eigenvalues over log δ, by least squares.

    Args:
        thicknesses: Thicknesses δ of the data.
        eigenvalues: Those at each thickness.
    """

    x = thicknesses.log() - thicknesses.log().mean()

    return (eigenvalues.log() @ x) / x.square().sum()


def fit_families(series: Mapping[str, Series], *, progress: bool) -> dict[str, Family]:
    """Fit the flows of each series and measure them.

    Args:
        series: What to fit, by the name of the family.
        progress: Whether to show a bar.
    """

    jobs = [
        (name, replace(each.points, seed=seed, thickness=thickness), each.alternate)
        for name, each in series.items()
        for seed, thickness in product(each.seeds, each.thicknesses)
    ]
    found: dict[str, list[Measures]] = {name: [] for name in series}

    for name, points, alternate in track(jobs, "Fitting flows", shown=progress):
        flow = fit_flow(points, alternate=alternate)
        found[name].append(measure_flow(flow, points))

    return {
        name: make_family(each.thicknesses, found[name])
        for name, each in series.items()
    }


def make_family(thicknesses: tuple[float, ...], found: Sequence[Measures]) -> Family:
    """Return a family of flows, from measures of all thicknesses for each seed in turn.

    Args:
        thicknesses: Thicknesses δ of the data.
        found: Measures of single flows.
    """

    parts = (torch.stack(part) for part in zip(*found, strict=True))
    rows = (part.unflatten(0, (-1, len(thicknesses))) for part in parts)

    return Family(torch.tensor(thicknesses, dtype=torch.float64), Measures(*rows))


def family_results(families: Mapping[str, Family]) -> dict[str, float]:
    """Return what is measured of families, by name, family and thickness.

    Args:
        families: By what is added to the names of results. Those of a single thickness
            have no slopes.
    """

    results: dict[str, float] = {}

    for name, family in families.items():
        thicknesses = family.thicknesses.tolist()

        if len(thicknesses) > 1:
            overall = family.over_thicknesses().items()
            results |= {f"{key}{name}": value.item() for key, value in overall}

        for key, values in family.by_thickness().items():
            pairs = zip(thicknesses, values.tolist(), strict=True)
            results |= {f"{key}{name}_{thick:g}": value for thick, value in pairs}

    return results
