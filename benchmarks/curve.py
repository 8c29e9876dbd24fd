"""Bits per dimension of digits against the processor time of training."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from rich.console import Console

from benchmarks.clocked import Point, passing, train
from benchmarks.curve_figure import curve_figure
from benchmarks.curve_ways import more_work, ways
from benchmarks.digits import training_digits
from diffeo.models.flow.dequantization import dequantize

__all__ = ["curve", "figures_of"]

FIGURE = Path("results/bench/training.png")
MINUTES = (0.5, 1, 2, 3, 4, 5, 6)
FIRST = 2000  # digits that set the first scales
NAMES = {
    "ours": "our recipe",
    "ours_float32": "our recipe, float32",
    "before_scheduled": "normflows, our schedule",
    "before": "normflows",
}


def curve(minutes: Sequence[float] = MINUTES) -> dict[str, float]:
    """Draw the course of each training, and return where all of them end.

    They take turns from look to look, one thread each. Bits per dimension are those of
    the first test digits, with one draw of uniform noise.

    Args:
        minutes: Of processor time at which to look; the last ends the training.
    """

    torch.set_num_threads(1)
    digits, test = training_digits()
    x = dequantize(digits.images[:FIRST], generator=torch.Generator().manual_seed(0))
    those = ways(x)
    courses: dict[str, list[Point]] = {name: [] for name in those}
    looks = [60 * minute for minute in minutes]
    runs = [train(way, digits.pixels, test.pixels, looks) for way in those.values()]
    console = Console()

    for points in zip(*runs, strict=True):
        for name, point in zip(those, points, strict=True):
            courses[name].append(point)
            console.print(
                f"  {point.seconds / 60:5.2f} minutes, {point.steps:5} steps, "
                f"{point.bits:.4f} bits: {NAMES[name]}"
            )

    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure = curve_figure({NAMES[name]: course for name, course in courses.items()})
    figure.savefig(FIGURE, dpi=150)
    plt.close(figure)

    return figures_of(courses) | {
        "train_digits": float(len(digits)),
        "train_work_ratio": more_work(those, x[:1]),
    }


def figures_of(courses: Mapping[str, Sequence[Point]]) -> dict[str, float]:
    """Return where trainings end, and when ours passes the ends of the others.

    Args:
        courses: What their looks found, by name; one is "ours".
    """

    figures = {"train_minutes": courses["ours"][-1].seconds / 60}

    for name, points in courses.items():
        figures[f"train_bits_{name}"] = points[-1].bits
        figures[f"train_steps_{name}"] = float(points[-1].steps)
        minutes = passing(courses["ours"], points[-1].bits) / 60

        if name != "ours" and math.isfinite(minutes):
            figures[f"train_minutes_to_pass_{name}"] = minutes

    return figures
