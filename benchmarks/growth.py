"""How time and memory of a step grow with the batch, the image and the flow."""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from benchmarks.flows import Size, glow_of, noise, packed, pull
from benchmarks.memory import WAYS, peak_of
from benchmarks.timing import interleaved
from diffeo.models.flow.networks import Convolutions

__all__ = ["growth"]

FIGURE = Path("results/bench/growth.png")
BASE = Size(side=32, levels=2, steps=4, width=32)
ROWS = 16
BATCHES = (1, 4, 16, 64, 256)
SIDES = (16, 32, 64, 128)
STEPS = (4, 8, 16, 32, 64)
LOOKS = {
    "plain": ("#D55E00", "o"),
    "reversible": ("#0072B2", "s"),
    "folded": ("#009E73", "^"),
    "folded_reversible": ("#CC79A7", "v"),
}
LABELS = {
    "batch": f"images in a batch, of {BASE.side} pixels a side",
    "side": f"pixels a side, {ROWS} images",
    "steps": f"steps in each of {BASE.levels} levels, {ROWS} images",
}


def growth() -> dict[str, float]:
    """Draw the growth of time and peak memory, and return the last over the first."""

    sweeps = {
        "batch": [(rows, BASE, rows) for rows in BATCHES],
        "side": [(side, BASE._replace(side=side), ROWS) for side in SIDES],
        "steps": [(steps, BASE._replace(steps=steps), ROWS) for steps in STEPS],
    }
    figure, axes = plt.subplots(
        2,
        len(sweeps),
        figsize=(10, 6),
        sharex="col",
        sharey="row",
        layout="constrained",
    )
    figures = {}

    for column, (name, cases) in enumerate(sweeps.items()):
        above, below = axes[:, column]
        places = [place for place, _, _ in cases]
        seconds = [_seconds(size, rows) for _, size, rows in cases]
        _line(above, places, [1000 * value for value in seconds], "folded")
        figures[f"growth_time_{name}"] = seconds[-1] / seconds[0]

        for way in WAYS:
            peaks = [peak_of(way, size, rows) for _, size, rows in cases]
            _line(below, places, peaks, way)
            figures[f"growth_memory_{name}_{way}"] = peaks[-1] / peaks[0]

        below.set_xlabel(LABELS[name])
        below.set_xticks(places, map(str, places))

    axes[0, 0].set_ylabel("milliseconds of a step")
    axes[1, 0].set_ylabel("megabytes that a step adds at its peak")
    axes[1, 0].legend(frameon=False)
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURE, dpi=150)
    plt.close(figure)

    return figures


def _line(axes: Axes, places: list[int], values: list[float], way: str) -> None:
    color, marker = LOOKS[way]
    axes.plot(places, values, marker=marker, color=color, label=way.replace("_", ", "))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(b=False)


def _seconds(size: Size, rows: int) -> float:
    flow = WAYS["folded"](glow_of(size, Convolutions))
    z = [packed(noise(size, rows))]
    times = interleaved({"step": lambda: pull(lambda z: flow.decode(z[0]), z)})

    return min(times["step"])
