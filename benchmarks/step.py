"""One search step against Glow built from normflows and from FrEIA."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from benchmarks.flows import (
    FreiaGlow,
    Size,
    glow_of,
    noise,
    normflows_glow,
    packed,
    pull,
    work_of,
)
from benchmarks.timing import act_on_request, apart, interleaved, ratio
from diffeo.coordinates.inference import inference_form
from diffeo.memory import keep_freed
from diffeo.models.precision import low_precision_dtype

__all__ = ["step"]

BATCH = 16
SIZE = Size()


class Decoding(NamedTuple):
    """A decoder and what it decodes."""

    decode: Callable[[list[Tensor]], Tensor]
    z: Sequence[Tensor]


def ours(precision: Literal["auto", "full"]) -> Decoding:
    """Return what a search decodes with."""

    flow = glow_of(SIZE).requires_grad_(requires_grad=False)
    steady = inference_form(flow) or flow
    dtype = low_precision_dtype(torch.device("cpu"))
    low = inference_form(flow, dtype=dtype) if precision == "auto" else None
    ready = low or steady
    keep_freed()

    return Decoding(lambda z: ready.decode(z[0]), [packed(noise(SIZE, BATCH))])


def plain() -> Decoding:
    """Return our flow as it is."""

    flow = glow_of(SIZE).requires_grad_(requires_grad=False)

    return Decoding(lambda z: flow.decode(z[0]), [packed(noise(SIZE, BATCH))])


def normflows() -> Decoding:
    """Return that of normflows, frozen, channels last."""

    flow = normflows_glow(SIZE).requires_grad_(requires_grad=False)

    def decode(z: list[Tensor]) -> Tensor:
        x: Tensor = flow.forward_and_log_det(z)[0]  # type: ignore[operator]

        return x

    return Decoding(decode, noise(SIZE, BATCH))


def freia() -> Decoding:
    """Return that of FrEIA, frozen, channels last."""

    flow = FreiaGlow(SIZE).requires_grad_(requires_grad=False)
    flow.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    return Decoding(flow.decode, noise(SIZE, BATCH))


CONTENDERS: dict[str, Callable[[], Decoding]] = {
    "usual": lambda: ours("auto"),
    "normflows": normflows,
    "exact": lambda: ours("full"),
    "freia": freia,
    "plain": plain,
}


def step() -> dict[str, float]:
    """Return how many times faster a step is than with either library.

    All have their parameters frozen and channels last; ours is as a search has it
    unless told otherwise, and in full precision for `_float32`. Each has a process of
    its own, but for `_together`: there all have the memory that ours lets the process
    keep.
    """

    seconds = apart("benchmarks.step", list(CONTENDERS), rounds=7)
    together = interleaved(
        {name: partial(pull, *prepared()) for name, prepared in CONTENDERS.items()}
    )
    works = {name: work_of(*CONTENDERS[name]()) for name in CONTENDERS}

    return {
        "step_vs_normflows": ratio(seconds["normflows"], seconds["usual"]),
        "step_vs_normflows_float32": ratio(seconds["normflows"], seconds["exact"]),
        "step_vs_freia": ratio(seconds["freia"], seconds["usual"]),
        "step_vs_freia_float32": ratio(seconds["freia"], seconds["exact"]),
        "step_vs_normflows_together": ratio(together["normflows"], together["usual"]),
        "step_vs_freia_together": ratio(together["freia"], together["usual"]),
        "folding_gain_float32": ratio(seconds["plain"], seconds["exact"]),
        "decode_multiply_adds_per_image": works["plain"],
        "decode_multiply_adds_per_image_normflows": works["normflows"],
        "decode_multiply_adds_per_image_freia": works["freia"],
    }


if __name__ == "__main__":
    decoding = CONTENDERS[sys.argv[1]]()
    act_on_request(lambda: pull(*decoding), int(sys.argv[2]))
