"""What is decided once, before the first step: precision, backward pass, batch size."""

from typing import NamedTuple

import torch

from diffeo.arithmetic import multiply_adds
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates, start_memory
from diffeo.memory import Need
from diffeo.models.precision import low_precision_dtype
from diffeo.objectives.protocol import rows_of
from diffeo.search.checks import gradient_of
from diffeo.search.problem import Problem
from diffeo.search.run import Run
from diffeo.shapes import Latent

__all__ = ["Plan", "plan_search"]

HEAVY = 200_000_000  # multiply-adds of a row from which lower precision always pays
FEW = 8  # rows that are to fit together, or the plain backward pass is too large


class Plan(NamedTuple):
    """How a search is carried out.

    Args:
        full: What is searched, in full precision.
        low: The same in the lower precision in which steps are taken, if any.
        precision: The name of that precision, or "full".
        backward: The name of the backward pass.
        batch_size: Rows searched together.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> problem = Problem(lambda x: x.sum(1), *parts)
        >>> Plan(problem, None, "full", "plain", batch_size=8).low is None
        True
    """

    full: Problem
    low: Problem | None
    precision: str
    backward: str
    batch_size: int


def plan_search(problem: Problem, run: Run, z: Latent, rows: int) -> Plan:
    """Decide what a run leaves open, from one step of one row.

    Args:
        problem: What is searched, in the coordinates as the user gave them.
        run: How to search.
        z: The coordinates of one row.
        rows: How many rows there are.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> problem = Problem(lambda x: x.sum(1), *parts)
        >>> plan_search(problem, Run(), torch.zeros(1, 2), rows=5).batch_size
        5
    """

    place, size = problem.coordinates, run.batch_size
    together = min(rows, FEW if size == "auto" else size)
    full, reversible = inference_form(place) or place, None
    dtype = _low_dtype(run, z)
    low = inference_form(place, dtype=dtype) if dtype else None

    if low and run.precision == "auto" and _work(full, z) < HEAVY:
        low = None

    need = _need(problem._replace(coordinates=low or full), z)
    plain = run.backward == "auto" and need.fits(together)

    if run.backward != "plain" and not plain:
        reversible = inference_form(place, invertible=True)

    if reversible:
        full = reversible
        low = low and inference_form(place, dtype=dtype, invertible=True)
        need = _need(problem._replace(coordinates=low or full), z)

    return Plan(
        full=problem._replace(coordinates=full),
        low=problem._replace(coordinates=low) if low else None,
        precision=str(dtype) if low else "full",
        backward="reversible" if reversible else "plain",
        batch_size=need.rows_that_pay(rows) if size == "auto" else size,
    )


def _low_dtype(run: Run, z: Latent) -> torch.dtype | None:
    """Return the precision in which to take steps, if lower than that of the data."""

    if run.path or run.precision == "full":
        return None

    if isinstance(run.precision, torch.dtype):
        return run.precision

    low = low_precision_dtype(z.device)

    return None if z.dtype != torch.float32 or low == z.dtype else low


def _work(coordinates: Coordinates, z: Latent) -> float:
    """Return the multiply-adds of decoding a row."""

    return multiply_adds(lambda: coordinates.decode(z))


def _need(problem: Problem, z: Latent) -> Need:
    """Return the memory that a step of one row needs; one is taken."""

    objective = rows_of(problem.objective, slice(0, 1))

    with torch.no_grad():
        factual = problem.coordinates.decode(z)
        kept = start_memory(problem.coordinates, factual, z)

    def step() -> None:
        start = z.detach().clone().requires_grad_()
        point = problem.look(factual, z, kept, start)
        score = objective.score(point, objective.start(point))
        gradient_of(score, point.data, start)

    return Need.of(step, z.device)
