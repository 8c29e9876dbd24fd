"""How time and memory of a step grow with the batch, the image and the flow."""

from pathlib import Path

import matplotlib.pyplot as plt

from benchmarks.flows import Size, glow_of, noise, packed, pull
from benchmarks.memory import WAYS, peak_of
from benchmarks.timing import interleaved
from diffeo.models.flow.recipes import residual

__all__ = ["growth"]

FIGURE = Path("results/bench/growth.png")
BASE = Size(side=32, levels=2, steps=4, width=32)
ROWS = 16
BATCHES = (1, 4, 16, 64, 256)
SIDES = (16, 32, 64, 128)
STEPS = (4, 8, 16, 32, 64)


def growth() -> dict[str, float]:
    """Draw the growth of time and peak memory, and return the last over the first."""

    sweeps = {
        "batch": [(rows, BASE, rows) for rows in BATCHES],
        "side": [(side, BASE._replace(side=side), ROWS) for side in SIDES],
        "steps": [(steps, BASE._replace(steps=steps), ROWS) for steps in STEPS],
    }
    figure, axes = plt.subplots(2, len(sweeps), figsize=(10, 6), layout="constrained")
    figures = {}

    for column, (name, cases) in enumerate(sweeps.items()):
        places = [place for place, _, _ in cases]
        seconds = [_seconds(size, rows) for _, size, rows in cases]
        axes[0, column].plot(places, seconds, marker="o")
        axes[0, column].set(ylabel="seconds of a folded step")
        figures[f"growth_time_{name}"] = seconds[-1] / seconds[0]

        for way in WAYS:
            peaks = [peak_of(way, size, rows) for _, size, rows in cases]
            axes[1, column].plot(places, peaks, marker="o", label=way)
            figures[f"growth_memory_{name}_{way}"] = peaks[-1] / max(peaks[0], 1.0)

        axes[1, column].set(ylabel="peak megabytes of a step")

        for axis in axes[:, column]:
            axis.set(xlabel=name, xscale="log", yscale="log")
            axis.set_xticks(places, map(str, places))

    axes[1, 0].legend()
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURE, dpi=150)
    plt.close(figure)

    return figures


def _seconds(size: Size, rows: int) -> float:
    flow = glow_of(size, residual).requires_grad_(requires_grad=False).folded()
    z = [packed(noise(size, rows))]
    times = interleaved({"step": lambda: pull(lambda z: flow.decode(z[0]), z)})

    return min(times["step"])
