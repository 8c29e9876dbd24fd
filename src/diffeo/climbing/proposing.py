"""In which precision a search proposes its steps."""

from typing import NamedTuple

import torch

from diffeo.arithmetic import multiply_adds
from diffeo.coordinates.inference import prepare
from diffeo.coordinates.protocol import Coordinates, Foldable
from diffeo.models.precision import low_precision_dtype
from diffeo.run import Run
from diffeo.shapes import Data

__all__ = ["Proposing", "proposing"]

HEAVY = 200_000_000  # multiply-adds of a row from which lower precision always pays


class Proposing(NamedTuple):
    """What proposes steps.

    Args:
        precision: Its name, "full" for that of the data.
        coordinates: Those that propose.
    """

    precision: str
    coordinates: Coordinates


def proposing(
    coordinates: Coordinates, steady: Coordinates, run: Run, x: Data
) -> Proposing:
    """Return what proposes steps: coordinates of lower precision, or the steady ones.

    Args:
        coordinates: Where to move.
        steady: The same made ready for a search, in full precision.
        run: How to search.
        x: The data.
    """

    rough = _precision(coordinates, steady, run, x)
    quick = steady if rough is None else prepare(coordinates, rough)

    return Proposing("full" if quick is steady else str(rough), quick)


def _precision(
    coordinates: Coordinates, steady: Coordinates, run: Run, x: Data
) -> torch.dtype | None:
    if run.path or run.precision == "full" or not isinstance(coordinates, Foldable):
        return None

    if isinstance(run.precision, torch.dtype):
        return run.precision

    rough = low_precision_dtype(x.device)

    if x.dtype != torch.float32 or rough == x.dtype or _work(steady, x[:1]) < HEAVY:
        return None

    return rough


def _work(steady: Coordinates, x: Data) -> float:
    """Return the multiply-adds of decoding."""

    with torch.no_grad():
        z = steady.encode(x)

    return multiply_adds(lambda: steady.decode(z))
