"""The figure of trainings that take the same time."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from benchmarks.clocked import Point

__all__ = ["apart", "curve_figure"]

COLORS = ("#0072B2", "#56B4E9", "#E69F00", "#D55E00")
GAP = 0.055  # between labels, as a share of the axis


def curve_figure(courses: Mapping[str, Sequence[Point]]) -> Figure:
    """Draw bits per dimension against minutes, each course with its name at its end.

    Args:
        courses: What their looks found, by name.
    """

    figure, axes = plt.subplots(figsize=(7.5, 4.2), layout="constrained")

    for color, points in zip(COLORS, courses.values(), strict=False):
        minutes = [point.seconds / 60 for point in points]
        axes.plot(minutes, [point.bits for point in points], color=color, marker="o")

    low, high = axes.get_ylim()
    places = apart([points[-1].bits for points in courses.values()], GAP * (high - low))

    for color, place, (name, points) in zip(
        COLORS, places, courses.items(), strict=False
    ):
        axes.text(
            1.02,
            place,
            f"{points[-1].bits:.2f} {name}",
            color=color,
            transform=axes.get_yaxis_transform(),
            verticalalignment="center",
        )

    ticks = [round(point.seconds / 60, 1) for point in next(iter(courses.values()))]
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("minutes of one processor core in training (logarithmic)")
    axes.set_ylabel("bits per dimension of test digits")
    axes.spines[["top", "right"]].set_visible(b=False)
    axes.grid(alpha=0.3)

    return figure


def apart(values: Sequence[float], gap: float) -> list[float]:
    """Return values moved up where they must be for a gap between each two.

    Args:
        values: In any order, which is kept.
        gap: The least between any two.
    """

    moved = list(values)
    lowest = float("-inf")

    for index in sorted(range(len(values)), key=values.__getitem__):
        lowest = moved[index] = max(values[index], lowest + gap)

    return moved
