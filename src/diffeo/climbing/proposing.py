"""In which precision a search proposes its steps."""

from typing import NamedTuple

import torch

from diffeo.arithmetic import multiply_adds
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates
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
        dtype: Precision of their heavy arithmetic, if it is lower.
    """

    precision: str
    coordinates: Coordinates
    dtype: torch.dtype | None


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

    dtype = _precision(run, x)
    quick = None if dtype is None else inference_form(coordinates, dtype=dtype)
    light = run.precision == "auto" and quick and _work(steady, x[:1]) < HEAVY

    if quick is None or light:
        return Proposing("full", steady, None)

    return Proposing(str(dtype), quick, dtype)


def _precision(run: Run, x: Data) -> torch.dtype | None:
    if run.path or run.precision == "full":
        return None

    if isinstance(run.precision, torch.dtype):
        return run.precision

    low = low_precision_dtype(x.device)

    return None if x.dtype != torch.float32 or low == x.dtype else low


def _work(steady: Coordinates, x: Data) -> float:
    """Return the multiply-adds of decoding."""

    with torch.no_grad():
        z = steady.encode(x)

    return multiply_adds(lambda: steady.decode(z))
