"""Theorem 2 in numbers: autoencoders of a ribbon along the helix that gets thin."""

import copy
import math
from dataclasses import dataclass, replace
from itertools import count, product
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from diffeo.geometry.singular import singular
from diffeo.models.perceptron import perceptron
from diffeo.progress import track
from diffeo.shapes import Flags, Latent, Scores
from diffeo.training.evidence import divergence_from_prior, gaussian_log_density
from reproduction.experiment import Experiment, ExperimentOptions, Findings
from reproduction.figures import Array, saved
from reproduction.helix import figures
from reproduction.helix.data import Noise, Points, curve, helix, normals
from reproduction.helix.measures import inner_places
from reproduction.helix.models import FreshPoints, minimize
from reproduction.helix.theorem import Thicknesses, slopes

__all__ = ["HELIX_AUTOENCODERS", "fit_autoencoder"]

LATENT = 2  # one coordinate along the curve, one across: a third direction is singular
HIDDEN = 64, 64
NARROW = 0.1  # of the ribbon's width is its height
SAMPLES = 20_000
SPREAD = 0.25  # of decoded points, in units of the thickness
KINDS = {"variational": 1.0, "plain": 0.0}
NAMES = {"variational": "variational", "plain": "plain, without a prior"}
FRESH = 1_000  # added to a seed: points to which nothing was fitted


def _in_ribbon(rows: int, generator: torch.Generator) -> Tensor:
    sides = 2 * torch.rand(rows, 2, generator=generator) - 1

    return sides * torch.tensor((1.0, NARROW))


RIBBON = Noise(
    _in_ribbon,
    lambda offsets: -torch.full_like(offsets[:, 0], 4 * NARROW).log(),
)
"""Even over a rectangle, as long towards the axis as a disc of radius one."""


class PointAutoencoder(nn.Module):
    """An autoencoder of points in space.

    Args:
        seed: Seed of the first weights.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.encoder = perceptron(3, 2 * LATENT, hidden=HIDDEN, seed=seed)
        self.decoder = perceptron(LATENT, 3, hidden=HIDDEN, seed=seed + 1)

    def posterior(self, x: Points) -> tuple[Latent, Latent]:
        """Return mean and log-variance of the latents of points."""

        mean, log_variance = self.encoder(x).chunk(2, dim=1)

        return mean, log_variance


@dataclass(frozen=True)
class Scale:
    """How large the experiment is.

    Args:
        points: What each autoencoder is fitted to, but for thickness and seed.
        thicknesses: Half widths δ of the ribbon.
        seeds: Seeds of models and data, each taken at all thicknesses.
    """

    points: FreshPoints
    thicknesses: tuple[float, ...]
    seeds: tuple[int, ...]


FULL = Scale(FreshPoints(2000, noise=RIBBON, first=1.0), (0.8, 0.4, 0.2, 0.1), (0, 1))
QUICK = Scale(FreshPoints(8, size=64, noise=RIBBON), (0.2, 0.1), (0,))


def fit_autoencoder(points: FreshPoints, *, prior: float) -> PointAutoencoder:
    """Return an autoencoder fitted to points by the evidence lower bound.

    The spread of the decoded points is a quarter of the thickness at each step. A
    learned one grows, and then the coordinate across is not used. The prior gets its
    weight over the first half of the steps for the same reason.

    Args:
        points: What to fit it to.
        prior: Weight of noise on the latents and of their divergence from N(0, I): 1
            for a variational autoencoder, 0 for a plain one.
    """

    generator, steps = torch.Generator().manual_seed(points.seed), count()

    def loss(model: nn.Module, x: Points, _: Flags) -> Tensor:
        model = cast("PointAutoencoder", model)
        mean, log_variance = model.posterior(x)
        noise = prior * torch.randn(mean.shape, generator=generator)
        decoded = model.decoder(mean + noise * (log_variance / 2).exp())
        step = next(steps)
        spread = x.new_tensor(SPREAD * points.thickness_at(step))
        fit = gaussian_log_density(x, decoded, spread.log())
        weight = prior * min(1.0, 2 * step / points.steps)

        return (weight * divergence_from_prior(mean, log_variance) - fit).mean()

    model = PointAutoencoder(points.seed)
    minimize(model, loss, points)

    return model


class Measured(NamedTuple):
    """Measures of one autoencoder at places on the helix, but for the last.

    Args:
        along: The largest eigenvalue of γ⁻¹.
        normal: Its other eigenvalue that is not zero: of the non-singular direction.
        euclidean: The largest eigenvalue of Nᵀγ⁻¹N, where the columns of N are the
            Euclidean normals of the helix.
        crossing: Distance of the latents of the ribbon's two edges, the length of the
            curve τ of equation (22).
        missed: Distance of the helix to its own reconstruction.
        extent: Spread of reconstructed points across the ribbon, over that of points.
    """

    along: Scores
    normal: Scores
    euclidean: Scores
    crossing: Scores
    missed: Scores
    extent: Scores


def measure(model: PointAutoencoder, points: FreshPoints) -> Measured:
    """Measure what Theorem 2 assumes and what it says, in float64.

    Source: Dombrowski et al., 2024, Theorem 2 and equation (22).

    Args:
        model: The autoencoder.
        points: What it was fitted to.
    """

    t, precise = inner_places(), copy.deepcopy(model).double()
    middle, (inward, upward) = curve(t), normals(t)
    edges = [middle + side * points.thickness * inward for side in (-1, 1)]
    generator = torch.Generator().manual_seed(points.seed + FRESH)
    fresh = helix(
        SAMPLES, thickness=points.thickness, generator=generator, noise=points.noise
    )

    with torch.no_grad():
        z, low, high = (precise.posterior(x)[0] for x in (middle, *edges))
        x, core = fresh.points.double(), curve(fresh.t.double())
        kept = precise.decoder(precise.posterior(x)[0])
        side, _ = normals(fresh.t.double())
        spreads = [((each - core) * side).sum(1).std() for each in (kept, x)]
        missed = (precise.decoder(z) - middle).norm(dim=1)

    found = singular(precise.decoder, z)
    across = torch.stack((inward, upward), dim=1) @ (found.left * found.values[:, None])

    return Measured(
        found.values[:, 0].square(),
        found.values[:, 1].square(),
        torch.linalg.svdvals(across)[:, 0].square(),
        (high - low).norm(dim=1),
        missed,
        spreads[0] / spreads[1],
    )


def measure_helix_autoencoders(options: ExperimentOptions) -> Findings:
    """Fit autoencoders with a prior and without to ribbons that get thin.

    Args:
        options: Whether to be quick.
    """

    scale = QUICK if options.quick else FULL
    jobs = [
        (kind, replace(scale.points, seed=seed, thickness=thickness))
        for kind, seed, thickness in product(KINDS, scale.seeds, scale.thicknesses)
    ]
    found: dict[str, list[Measured]] = {kind: [] for kind in KINDS}

    for kind, points in track(jobs, "Fitting autoencoders", shown=options.progress):
        model = fit_autoencoder(points, prior=KINDS[kind])
        found[kind].append(measure(model, points))

    results: dict[str, float] = {}
    curves: dict[str, list[Array]] = {}
    thicknesses = torch.tensor(scale.thicknesses, dtype=torch.float64)

    for kind, each in found.items():
        parts = (torch.stack(part) for part in zip(*each, strict=True))
        rows = Measured(*(part.unflatten(0, (-1, len(thicknesses))) for part in parts))
        results |= _over_thicknesses(rows, thicknesses, kind)
        shares = _by_thickness(rows, thicknesses)
        curves[NAMES[kind]] = [
            thicknesses.numpy(),
            shares["normal_eigenvalue_ratio"].numpy(),
            shares["normal_eigenvalue_ratio_worst"].numpy(),
        ]

        for key, values in shares.items():
            pairs = zip(scale.thicknesses, values.tolist(), strict=True)
            results |= {f"{key}_{kind}_{thick:g}": value for thick, value in pairs}

    draw = saved(lambda: figures.eigenvalue_figure(curves, exact=2 / math.pi))

    return Findings(results, {"theorem.png": draw})


def _by_thickness(rows: Measured, thicknesses: Thicknesses) -> dict[str, Thicknesses]:
    """Return means and worst over seeds and places; of eigenvalues, shares of δ²."""

    squares, middle = thicknesses.square(), (0, 2)
    ratio = rows.normal * (rows.crossing / (2 * thicknesses[:, None])).square()

    return {
        "normal_eigenvalue_ratio": rows.normal.log().mean(middle).exp() / squares,
        "normal_eigenvalue_ratio_worst": rows.normal.amax(middle) / squares,
        "euclidean_normal_ratio": rows.euclidean.mean(middle) / squares,
        "euclidean_normal_ratio_worst": rows.euclidean.amax(middle) / squares,
        "along_eigenvalue": rows.along.mean(middle),
        "crossing_length": rows.crossing.mean(middle),
        "crossing_law_ratio": ratio.log().mean(middle).exp(),
        "missed_ratio": rows.missed.mean(middle) / thicknesses,
        "missed_ratio_worst": rows.missed.amax(middle) / thicknesses,
        "extent_share": rows.extent.mean(0),
    }


def _over_thicknesses(
    rows: Measured, thicknesses: Thicknesses, kind: str
) -> dict[str, float]:
    """Return slopes over log δ: the mean over seeds, the least and the greatest."""

    means = {
        "normal_eigenvalue_slope": rows.normal.log().mean(2).exp(),
        "euclidean_normal_slope": rows.euclidean.mean(2),
        "crossing_slope": rows.crossing.mean(2),
    }
    results: dict[str, float] = {}

    for key, values in means.items():
        found = slopes(thicknesses, values)
        results |= {
            f"{key}_{kind}": found.mean().item(),
            f"{key}_low_{kind}": found.min().item(),
            f"{key}_high_{kind}": found.max().item(),
        }

    return results


HELIX_AUTOENCODERS = Experiment(
    "helix-autoencoders",
    "Helix: Theorem 2 in autoencoders of ribbons that get thin.",
    measure_helix_autoencoders,
)
