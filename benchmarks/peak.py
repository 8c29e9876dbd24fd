"""How near the convolutions of a step come to the machine's matrix products."""

import statistics

import torch

from benchmarks.flows import Size, glow_of, multiply_adds, noise, packed, pull
from benchmarks.timing import interleaved
from diffeo.models.precision import rough_dtype

__all__ = ["peak"]

BATCH = 16
SIDE = 2048


def peak() -> dict[str, float]:
    """Return the share of matrix-multiply speed that a step reaches, all included."""

    ours = glow_of(Size()).requires_grad_(requires_grad=False)
    rough = rough_dtype(torch.device("cpu"))
    flat = [packed(noise(Size(), BATCH))]

    work = multiply_adds(lambda z: ours.decode(z[0]), flat)
    operations = 2 * 2 * BATCH * work  # both ways, a product and a sum each
    figures = {}

    for name, dtype in (("peak_share", rough), ("peak_share_float32", torch.float32)):
        matrix = torch.randn(SIDE, SIDE).to(dtype)
        decode = ours.folded(dtype).decode
        seconds = interleaved(
            {
                "step": lambda decode=decode: pull(lambda z: decode(z[0]), flat),  # type: ignore[misc]
                "product": lambda matrix=matrix: matrix @ matrix,  # type: ignore[misc]
            }
        )
        achieved = operations / statistics.median(seconds["step"])
        possible = 2 * SIDE**3 / statistics.median(seconds["product"])
        figures[name] = achieved / possible

    return figures
