"""How a search fits into memory: which backward pass, and how many rows together."""

from functools import partial
from typing import NamedTuple

import torch

from diffeo.checks import check_latent
from diffeo.climbing.hill import Hill
from diffeo.coordinates.protocol import Coordinates
from diffeo.memory import Need
from diffeo.run import Run
from diffeo.shapes import Data

__all__ = ["Fitting", "fit"]

FEW = 8  # rows that are to fit together, or the plain backward pass is too large


class Fitting(NamedTuple):
    """What fits.

    Args:
        backward: The name of the backward pass.
        coordinates: Those that go through it.
        rows: How many to search together.
    """

    backward: str
    coordinates: Coordinates
    rows: int


def fit(hill: Hill, reversible: Coordinates | None, x: Data, run: Run) -> Fitting:
    """Return what fits of what a run leaves open; what it does not is taken as it is.

    Args:
        hill: What is to be climbed, in coordinates with the plain backward pass.
        reversible: The same coordinates with the reversible one, if they know it.
        x: The data.
        run: How to search.
    """

    size = run.batch_size
    (backward, coordinates), *others = _ways(hill.coordinates, reversible, run.backward)

    if not others and (size != "auto" or len(x) == 1):
        return Fitting(backward, coordinates, 1 if size == "auto" else size)

    need = _need(hill, coordinates, x)

    if others and not need.fits(min(len(x), FEW if size == "auto" else size)):
        ((backward, coordinates),) = others
        need = _need(hill, coordinates, x) if size == "auto" else need

    rows = need.rows_that_pay(len(x)) if size == "auto" else size

    return Fitting(backward, coordinates, rows)


def _ways(
    plain: Coordinates, reversible: Coordinates | None, backward: str
) -> list[tuple[str, Coordinates]]:
    """Return the backward passes to choose from, the fastest first."""

    ways = {"plain": plain}

    if reversible is not None:
        ways["reversible"] = reversible

    return [(backward, ways[backward])] if backward in ways else list(ways.items())


def _need(hill: Hill, coordinates: Coordinates, x: Data) -> Need:
    work = partial(_try_step, hill._replace(coordinates=coordinates), x)

    return Need.of(work, len(x), x.device)


def _try_step(hill: Hill, x: Data, rows: int) -> None:
    """Go through what a step computes, for the first rows only."""

    factual = x[:rows].detach()

    with torch.no_grad():
        z = hill.coordinates.encode(factual)
        check_latent(z, factual)

    z.requires_grad_()
    data = hill.coordinates.decode(z)
    torch.autograd.grad(hill.model(data).sum() + data.sum(), z)
