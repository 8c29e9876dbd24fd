"""Memory and time of a search step in the coordinates of a velocity field."""

import subprocess
import sys
from functools import partial

import torch
from torch import Tensor

from benchmarks.flows import pull
from benchmarks.memory import added_by
from benchmarks.timing import interleaved, ratio
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.grids import times_towards_data
from diffeo.coordinates.protocol import Coordinates
from diffeo.models.velocity import VelocityUNet

__all__ = ["field_search"]

FEW, MANY = 4, 16  # Euler steps
BATCH, CHANNELS, SIDE, WIDTHS = 2, 3, 64, (64, 128, 256)
ROUNDS = 3


def field_search() -> dict[str, float]:
    """Return how memory grows with the number of Euler steps, and what a step takes.

    A step of a search is a decode and its backward pass. Its time is told in units of
    as many forward and backward passes of the network. Memory is what a fresh process
    adds while it takes one.
    """

    peaks = {
        way: [_peak_of(way, steps) for steps in (FEW, MANY)]
        for way in ("plain", "reversible")
    }
    figures: dict[str, float] = {}

    for way, (few, many) in peaks.items():
        figures |= {
            f"field_memory_mb_{way}": many,
            f"field_memory_growth_{way}": many / few - 1,
        }

    place = _field(FEW)
    step = place.steps()[0]
    z = torch.randn(BATCH, CHANNELS * SIDE**2)
    seconds = interleaved(
        {
            "network": partial(pull, lambda z: step(z[0]), [z]),
            "plain": partial(_step, place, z),
            "reversible": partial(_step, place.inference(invertible=True) or place, z),
        },
        rounds=ROUNDS,
    )
    networks = [FEW * each for each in seconds.pop("network")]
    ratios = {
        f"field_time_ratio_{way}": ratio(each, networks)
        for way, each in seconds.items()
    }

    return figures | ratios


def _field(steps: int) -> FlowMatching:
    place = FlowMatching(
        VelocityUNet(CHANNELS, WIDTHS, blocks=1),
        (CHANNELS, SIDE, SIDE),
        times=times_towards_data(steps),
    )

    return place.eval().requires_grad_(requires_grad=False)


def _step(place: Coordinates, z: Tensor) -> float:
    pull(lambda z: place.decode(z[0]), [z])

    return 0.0


def _peak_of(way: str, steps: int) -> float:
    command = [sys.executable, "-m", "benchmarks.field_search", way, str(steps)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)

    return float(run.stdout)


def _measure(way: str, steps: int) -> float:
    """Return the megabytes that a step adds to this process."""

    field = _field(steps)
    lean = field.inference(invertible=True)
    place = lean if way == "reversible" and lean else field
    z = torch.randn(BATCH, CHANNELS * SIDE**2)
    _step(_field(1), z[:1])  # imports what torch puts off

    return added_by(partial(_step, place, z))


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.stdout.write(str(_measure(sys.argv[1], int(sys.argv[2]))))
