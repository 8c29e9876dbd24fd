"""How nearly singular the last Euler step before the data is."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import jvp, vjp

from diffeo.coordinates.euler_step import EulerStep
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.krylov import arnoldi
from diffeo.shapes import Images, Latent, Scores
from diffeo.training.flow_matching import NOISE
from reproduction.experiment import median

__all__ = [
    "ROUNDS",
    "Extremes",
    "extreme_singular_values",
    "last_step_figures",
    "least_by_noise",
]

ROUNDS = 24  # derivatives of a step, forwards and back


class Extremes(NamedTuple):
    """The least and the greatest singular value of each row's Jacobian."""

    least: Scores
    greatest: Scores


def extreme_singular_values(
    step: EulerStep, point: Latent, *, rounds: int = ROUNDS
) -> Extremes:
    """Return estimates from inside, by Lanczos' iteration of JᵀJ.

    Source: Golub and Van Loan, 2013, Matrix computations, Section 10.1.

    Args:
        step: Of which J is the Jacobian.
        point: Where it begins, shape (batch, latent).
        rounds: Derivatives taken, forwards and back, fewer than there are dimensions.
    """

    pull = vjp(step, point)[1]

    def square(direction: Latent) -> Latent:
        pulled: Latent = pull(jvp(step, (point,), (direction,))[1])[0]

        return pulled

    start = torch.randn(len(point), point.shape[1], generator=_seeded()).to(point)
    entries = arnoldi(square, start, rounds).hessenberg[:, :-1].double()
    squares = torch.linalg.eigvalsh((entries + entries.mT) / 2).clamp_min(0)
    ends: Tensor = squares[:, [0, -1]].sqrt().to(point)

    return Extremes(*ends.unbind(1))


@torch.no_grad()
def last_step_figures(
    place: FlowMatching, x: Images, *, rounds: int = ROUNDS
) -> dict[str, float]:
    """Return the spectrum of the last step at data and at samples, and what it does.

    Args:
        place: Coordinates of a field.
        x: Real images, a few.
        rounds: Derivatives of the step that are taken at each.
    """

    *before, last = place.steps()
    z = place.encode(x)
    sampled = torch.randn(z.shape, generator=_seeded())
    real, made = (_led(before, start) for start in (z, sampled))
    at_data, at_samples = (
        extreme_singular_values(last, u, rounds=rounds) for u in (real, made)
    )
    again = place.encode(place.decode(z))

    return {
        "last_step_least": median(at_data.least),
        "last_step_greatest": median(at_data.greatest),
        "last_step_least_of_samples": median(at_samples.least),
        "last_step_least_by_noise": least_by_noise(last.time, NOISE),
        "latent_round_trip_rms": (again - z).square().mean().sqrt().item(),
    }


def least_by_noise(time: float, noise: float) -> float:
    """Return how the best last step shrinks noise on data across them.

    A step to the data leads to the mean of what is expected there. Across the data that
    is noise of variance s², seen through noise of variance (1 − t)² around t times it.

    Source: the posterior mean of normal numbers.

    Args:
        time: t, when the step begins.
        noise: s, in units of the field.
    """

    return time * noise**2 / ((time * noise) ** 2 + (1 - time) ** 2)


def _led(steps: list[EulerStep], point: Latent) -> Latent:
    for step in steps:
        point = step(point)

    return point


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)
