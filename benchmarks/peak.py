"""How near the convolutions of a step come to the machine's matrix products."""

import statistics
from functools import partial

import torch
from torch import Tensor

from benchmarks.flows import Size, glow_of, noise, packed, pull, work_of
from benchmarks.profile import shares
from benchmarks.timing import interleaved
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates
from diffeo.models.precision import low_precision_dtype

__all__ = ["peak"]

BATCH = 16
SIDE = 2048


def peak() -> dict[str, float]:
    """Return the share of matrix-multiply speed that a step reaches, all included.

    Beside it stand the shares of what a step consists of.
    """

    ours = glow_of(Size()).requires_grad_(requires_grad=False)
    rough = low_precision_dtype(torch.device("cpu"))
    flat = [packed(noise(Size(), BATCH))]

    work = work_of(lambda z: ours.decode(z[0]), flat)
    operations = 2 * 2 * BATCH * work  # both ways, a product and a sum each
    figures = {}

    for suffix, dtype in (("", rough), ("_float32", torch.float32)):
        matrix = torch.randn(SIDE, SIDE).to(dtype)
        step = partial(_step, inference_form(ours, dtype=dtype) or ours, flat)
        product = partial(torch.matmul, matrix, matrix)
        seconds = interleaved({"step": step, "product": product})
        achieved = operations / statistics.median(seconds["step"])
        possible = 2 * SIDE**3 / statistics.median(seconds["product"])
        figures[f"peak_share{suffix}"] = achieved / possible
        figures |= {
            f"share_{part}{suffix}": value for part, value in shares(step).items()
        }

    return figures


def _step(ready: Coordinates, z: list[Tensor]) -> list[Tensor]:
    return pull(lambda z: ready.decode(z[0]), z)
