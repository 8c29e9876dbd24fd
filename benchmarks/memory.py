"""Memory of a step in fresh processes, and what the reversible backward costs."""

import ctypes
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from benchmarks.flows import Size, glow_of, noise, packed, pull
from benchmarks.timing import ROUNDS, interleaved, ratio
from diffeo.coordinates.protocol import Coordinates
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.networks import Convolutions
from diffeo.training.backward import in_memory_mode

__all__ = ["WAYS", "added_by", "memory", "peak_of"]

WAYS: dict[str, Callable[[Flow], Coordinates]] = {
    "plain": lambda flow: flow,
    "reversible": lambda flow: in_memory_mode(flow, "reversible"),
    "folded": lambda flow: flow.inference() or flow,
    "folded_reversible": lambda flow: flow.inference(invertible=True) or flow,
}
"""The ways to decode: as autograd does it, and as a search does it, each with both
backward passes."""
TRAINING: dict[str, Callable[[Flow], Flow]] = {
    "training_plain": lambda flow: in_memory_mode(flow, "plain"),
    "training_reversible": lambda flow: in_memory_mode(flow, "reversible"),
}
"""The ways to train, with either backward pass."""
BATCH = 16
TINY = Size(side=8, levels=2, steps=1, width=4)
SHALLOW = Size(levels=4, steps=8, width=64)
DEEP = Size(levels=4, steps=32, width=64)
MIDDLE = Size(levels=3, steps=4, width=128)


def memory() -> dict[str, float]:
    """Return how peak memory grows with depth, and the reversible pass's time.

    Memory is the greatest resident size of a fresh process while it takes one step,
    less its size just before the step, which is that of the libraries and parameters,
    and less the gradients of parameters that a training step leaves.
    """

    peaks = {
        way: [_usual_peak(way, size) for size in (SHALLOW, DEEP)]
        for way in (*WAYS, *TRAINING)
    }
    flow, flat = _flow(MIDDLE), packed(noise(MIDDLE, BATCH))
    places = {way: form(flow) for way, form in WAYS.items()}
    seconds = interleaved(
        {way: partial(_step, coordinates, flat) for way, coordinates in places.items()}
    )

    growth = {way: deep / shallow - 1 for way, (shallow, deep) in peaks.items()}

    return {
        "memory_growth": growth.pop("reversible"),
        **{f"memory_growth_{way}": value for way, value in growth.items()},
        **{f"{way}_memory_mb": deep for way, (_, deep) in peaks.items()},
        "reversible_time_ratio": ratio(seconds["reversible"], seconds["plain"]),
        "folded_reversible_time_ratio": ratio(
            seconds["folded_reversible"], seconds["folded"]
        ),
    }


def _usual_peak(way: str, size: Size) -> float:
    """Return the median over processes; they differ in what their allocators hold."""

    return median(peak_of(way, size, BATCH) for _ in range(ROUNDS))


def peak_of(way: str, size: Size, batch: int) -> float:
    """Return the megabytes that one step adds to a fresh process.

    Args:
        way: One of `WAYS` or of `TRAINING`.
        size: Of the flow.
        batch: Rows of the step.
    """

    command = [sys.executable, "-m", "benchmarks.memory", way, *map(str, size)]
    run = subprocess.run(
        [*command, str(batch)], check=True, capture_output=True, text=True
    )

    return float(run.stdout)


def _flow(size: Size) -> Flow:
    return glow_of(size, Convolutions).requires_grad_(requires_grad=False)


def added_by(step: Callable[[], float]) -> float:
    """Return the megabytes that a step adds to this process, but for those it leaves.

    Args:
        step: Returns the megabytes that it leaves and that are not to be counted.
    """

    _forget()
    before = _resident("VmRSS")
    left = step()

    return _resident("VmHWM") - before - left


def _measure(way: str, size: Size, batch: int) -> float:
    """Return the megabytes that a step adds to this process."""

    _prepared(way, TINY, 1)()  # imports what torch puts off

    return added_by(_prepared(way, size, batch))


def _prepared(way: str, size: Size, batch: int) -> Callable[[], float]:
    """Return a step to be taken; it returns the megabytes of gradients it leaves."""

    if way in WAYS:
        return partial(_step, WAYS[way](_flow(size)), packed(noise(size, batch)))

    flow = glow_of(size, Convolutions).train()
    x = torch.rand(batch, 3, size.side, size.side)

    return partial(_descend, flow, TRAINING[way](flow), x)


def _step(coordinates: Coordinates, z: Tensor) -> float:
    pull(lambda z: coordinates.decode(z[0]), [z])

    return 0.0


def _descend(flow: Flow, form: Flow, x: Tensor) -> float:
    form.bits_per_dimension(x).mean().backward()
    gradients = [value.grad for value in flow.parameters() if value.grad is not None]

    return sum(value.nbytes for value in gradients) / 2**20


def _forget() -> None:
    """Give freed memory back, lest the step take it unseen, and forget the peak."""

    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def _resident(name: str) -> float:
    """Return megabytes that the system states of this process.

    The peak that getrusage tells is of no use: a process inherits its parent's.

    Args:
        name: "VmRSS" for the size of now, "VmHWM" for the greatest so far.
    """

    facts = Path("/proc/self/status").read_text().splitlines()
    lines = dict(line.split(":") for line in facts)

    return int(lines[name].split()[0]) / 1024


if __name__ == "__main__":
    torch.set_num_threads(1)
    numbers = list(map(int, sys.argv[2:]))
    sys.stdout.write(str(_measure(sys.argv[1], Size(*numbers[:4]), numbers[4])))
