"""Memory of a step in fresh processes, and what the reversible backward costs."""

import ctypes
import subprocess
import sys
from pathlib import Path

import torch

from benchmarks.flows import Size, glow_of, noise, packed, pull
from benchmarks.timing import interleaved, ratio
from diffeo.models.flow.density import Flow
from diffeo.models.flow.recipes import residual
from diffeo.models.flow.reversible import reversible

__all__ = ["memory", "peak_of"]

BATCH = 16
SHALLOW = Size(levels=4, steps=8, width=64)
DEEP = Size(levels=4, steps=32, width=64)


def memory() -> dict[str, float]:
    """Return how peak memory grows with depth, and the reversible pass's time.

    Memory is the greatest resident size of a fresh process while it takes one step,
    less its size just before the step, which is that of the libraries and parameters.
    """

    grown = {
        way: [peak_of(way, size, BATCH) for size in (SHALLOW, DEEP)]
        for way in ("reversible", "plain")
    }
    size = Size(levels=3, steps=4, width=128)
    flow = _flow(size)
    turned = reversible(flow)
    flat = [packed(noise(size, BATCH))]
    seconds = interleaved(
        {
            "plain": lambda: pull(lambda z: flow.decode(z[0]), flat),
            "reversible": lambda: pull(lambda z: turned.decode(z[0]), flat),
        }
    )

    return {
        "memory_growth": _growth(grown["reversible"]),
        "memory_growth_plain": _growth(grown["plain"]),
        "reversible_memory_mb": grown["reversible"][1],
        "plain_memory_mb": grown["plain"][1],
        "reversible_time_ratio": ratio(seconds["reversible"], seconds["plain"]),
    }


def peak_of(way: str, size: Size, batch: int) -> float:
    """Return the megabytes that one step adds to a fresh process.

    Args:
        way: "plain", "reversible" or "folded".
        size: Of the flow.
        batch: Rows of the step.
    """

    command = [sys.executable, "-m", "benchmarks.memory", way, *map(str, size)]
    run = subprocess.run(
        [*command, str(batch)], check=True, capture_output=True, text=True
    )

    return float(run.stdout)


def _growth(peaks: list[float]) -> float:
    shallow, deep = peaks

    return deep / shallow - 1


def _flow(size: Size) -> Flow:
    return glow_of(size, residual).requires_grad_(requires_grad=False)


WAYS = {
    "plain": lambda flow: flow,
    "reversible": reversible,
    "folded": lambda flow: flow.folded(),
}


def _measure(way: str, size: Size, batch: int) -> float:
    """Return the megabytes that a step adds to this process."""

    coordinates = WAYS[way](_flow(size))  # type: ignore[no-untyped-call]
    z = [packed(noise(size, batch))]
    _forget()
    before = _resident("VmRSS")
    pull(lambda z: coordinates.decode(z[0]), z)

    return _resident("VmHWM") - before


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
