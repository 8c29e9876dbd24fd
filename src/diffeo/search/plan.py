"""What is decided once, before the first step: precision, backward pass, batch size."""

from typing import NamedTuple

import torch

from diffeo.arithmetic import multiply_adds
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates
from diffeo.memory import Need
from diffeo.models.precision import rough_dtype
from diffeo.search.checks import gradient_of
from diffeo.search.run import Run
from diffeo.shapes import Latent, Model

__all__ = ["Plan", "plan_search"]

HEAVY = 200_000_000  # multiply-adds of a row from which lower precision always pays
FEW = 8  # rows that are to fit together, or the plain backward pass is too large


class Plan(NamedTuple):
    """How a search is carried out.

    Args:
        full: The coordinates in full precision.
        low: The coordinates in the lower precision in which steps are taken, if any.
        precision: The name of that precision, or "full".
        backward: The name of the backward pass.
        batch_size: Rows searched together.
    """

    full: Coordinates
    low: Coordinates | None
    precision: str
    backward: str
    batch_size: int


def plan_search(
    coordinates: Coordinates, model: Model, run: Run, z: Latent, rows: int
) -> Plan:
    """Decide what a run leaves open, from one step of one row.

    Args:
        coordinates: Where to move.
        model: From data to outputs, its parameters without gradients.
        run: How to search.
        z: The coordinates of one row.
        rows: How many rows there are.
    """

    full = inference_form(coordinates) or coordinates
    dtype = _low_dtype(full, run, z)
    low = inference_form(coordinates, dtype=dtype) if dtype else None
    need, backward = _need(low or full, model, z), "plain"
    reversible = None

    if run.backward == "reversible" or (
        run.backward == "auto" and not need.fits(_together(run, rows))
    ):
        reversible = inference_form(coordinates, invertible=True)

    if reversible:
        full, backward = reversible, "reversible"
        low = low and inference_form(coordinates, dtype=dtype, invertible=True)
        need = _need(low or full, model, z)

    return Plan(
        full=full,
        low=low,
        precision=str(dtype) if low else "full",
        backward=backward,
        batch_size=need.rows_that_pay(rows)
        if run.batch_size == "auto"
        else run.batch_size,
    )


def _low_dtype(full: Coordinates, run: Run, z: Latent) -> torch.dtype | None:
    """Return the precision in which to take steps, if lower than that of the data."""

    if run.path or run.precision == "full":
        return None

    if isinstance(run.precision, torch.dtype):
        return run.precision

    low = rough_dtype(z.device)

    if z.dtype != torch.float32 or low == z.dtype:
        return None

    return low if multiply_adds(lambda: full.decode(z)) >= HEAVY else None


def _together(run: Run, rows: int) -> int:
    """Return how many rows must fit for the plain backward pass."""

    return min(rows, FEW if run.batch_size == "auto" else run.batch_size)


def _need(coordinates: Coordinates, model: Model, z: Latent) -> Need:
    """Return the memory that a step needs; one is taken."""

    def step() -> None:
        start = z.detach().clone().requires_grad_()
        data = coordinates.decode(start)
        outputs = model(data.clone())
        gradient_of(outputs.reshape(1, -1).sum(1), data, start)

    return Need.of(step, z.device)
