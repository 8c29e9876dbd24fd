"""One search step against Glow built from normflows and from FrEIA."""

import torch
from torch import Tensor

from benchmarks.flows import (
    FreiaGlow,
    Size,
    glow_of,
    multiply_adds,
    noise,
    normflows_glow,
    packed,
    pull,
)
from benchmarks.timing import interleaved, ratio
from diffeo.models.precision import rough_dtype

__all__ = ["step"]

BATCH = 16


def step() -> dict[str, float]:
    """Return how many times faster a step is than with either library.

    All have their parameters frozen and channels last; ours has its networks in
    bfloat16 where the processor has units for it, and in float32 for `_float32`.
    """

    size = Size()
    ours = glow_of(size).requires_grad_(requires_grad=False)
    normflows = normflows_glow(size).requires_grad_(requires_grad=False)
    freia = FreiaGlow(size).requires_grad_(requires_grad=False)
    freia.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    fast, exact = ours.folded(rough_dtype(torch.device("cpu"))), ours.folded()
    z = noise(size, BATCH)
    flat = [packed(z)]

    def theirs(z: list[Tensor]) -> Tensor:
        x: Tensor = normflows.forward_and_log_det(z)[0]  # type: ignore[operator]

        return x

    actions = {
        "plain": lambda: pull(lambda z: ours.decode(z[0]), flat),
        "exact": lambda: pull(lambda z: exact.decode(z[0]), flat),
        "fast": lambda: pull(lambda z: fast.decode(z[0]), flat),
        "normflows": lambda: pull(theirs, z),
        "freia": lambda: pull(freia.decode, z),
    }
    seconds = interleaved(actions)
    own = multiply_adds(lambda z: ours.decode(z[0]), flat)

    return {
        "step_vs_normflows": ratio(seconds["normflows"], seconds["fast"]),
        "step_vs_normflows_float32": ratio(seconds["normflows"], seconds["exact"]),
        "step_vs_freia": ratio(seconds["freia"], seconds["fast"]),
        "step_vs_freia_float32": ratio(seconds["freia"], seconds["exact"]),
        "folding_gain_float32": ratio(seconds["plain"], seconds["exact"]),
        "decode_multiply_adds_per_image": own,
        "decode_multiply_adds_per_image_normflows": multiply_adds(theirs, z),
        "decode_multiply_adds_per_image_freia": multiply_adds(freia.decode, z),
    }
