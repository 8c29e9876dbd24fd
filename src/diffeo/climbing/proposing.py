"""In which precision a search proposes its steps."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from diffeo.coordinates.prepared import prepare
from diffeo.coordinates.protocol import Coordinates, Foldable
from diffeo.models.precision import rough_dtype
from diffeo.run import Run
from diffeo.shapes import Data

__all__ = ["proposing"]

HEAVY = 200_000_000  # multiply-adds of a row from which lower precision always pays


def proposing(
    coordinates: Coordinates, steady: Coordinates, run: Run, x: Data
) -> Coordinates:
    """Return the coordinates that propose steps, or the steady ones if those are to.

    Args:
        coordinates: Where to move.
        steady: The same made ready for a search, in full precision.
        run: How to search.
        x: The data.
    """

    if run.path or run.precision == "full" or not isinstance(coordinates, Foldable):
        return steady

    if isinstance(run.precision, torch.dtype):
        return prepare(coordinates, run.precision)

    rough = rough_dtype(x.device)

    if x.dtype != torch.float32 or rough == x.dtype or _work(steady, x[:1]) < HEAVY:
        return steady

    return prepare(coordinates, rough)


@torch.no_grad()
def _work(steady: Coordinates, x: Data) -> float:
    """Return the multiply-adds of decoding."""

    z = steady.encode(x)

    with FlopCounterMode(display=False) as counter:
        steady.decode(z)

    operations: int = counter.get_total_flops()

    return operations / 2
