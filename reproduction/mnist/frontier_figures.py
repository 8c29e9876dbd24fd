"""Agreement of judges over the length of the change, a line for each method."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduction.mnist.frontier_curves import Curve, draws_of, interval

__all__ = ["frontier_figure"]

SHOWN = {
    "consensus": "share of the target by the consensus",
    "knn": "share of the target among 10 neighbors",
    "svm": "share of the target by the SVM",
}
TICKS = 5, 10, 20, 40
SPACES = {"data": "median ‖x′ − x‖", "latent": "median ‖z′ − z‖"}
LOOKS = {
    "diffeomorphic": ("#0072b2", "o", "-"),
    "closest": ("#003f66", "s", "-"),
    "closest_data": ("#56b4e9", "D", "-"),
    "falling_price": ("#332288", "p", "-"),
    "falling_price_smoothed": ("#882255", "8", "-"),
    "agreed": ("#009e73", "P", "-"),
    "agreed_data": ("#66cdaa", "*", "-"),
    "falling_price_agreed": ("#117733", "h", "-"),
    "revise": ("#d55e00", "v", "--"),
    "prototypes": ("#cc79a7", "^", "--"),
    "revise_agreed": ("#d55e00", "1", "-."),
    "prototypes_agreed": ("#cc79a7", "2", "-."),
    "revise_smoothed": ("#d55e00", "3", "-."),
    "prototypes_smoothed": ("#cc79a7", "4", "-."),
    "prototypes_published": ("#b8860b", "<", ":"),
    "wachter": ("#7f7f7f", ">", ":"),
    "adversarial": ("#000000", "x", ":"),
}
"""Color, marker and line of each method: whole lines are ours, dashed ones move along
the flow too and, with a dot, ask several classifiers or an average, dotted ones move
pixels."""


def frontier_figure(
    curves: Mapping[str, Curve], real: Mapping[str, float], prefix: str
) -> Figure:
    """Draw three judges in columns, over changes of pixels and of coordinates.

    A point is a confidence; its bar is the 95 percent interval of the rows. The band is
    that of real images of the target.

    Args:
        curves: Of all methods, by name.
        real: Of `real_JUDGE_target`, with its ends.
        prefix: Before these names.
    """

    figure = Figure(figsize=(11.0, 7.4), layout="constrained")
    plots = figure.subplots(2, len(SHOWN), sharey="col")

    for row, (space, label) in zip(plots, SPACES.items(), strict=True):
        for axes, (judge, says) in zip(row, SHOWN.items(), strict=True):
            stem = f"{prefix}real_{judge}_target"
            low, high = real[f"{stem}_low"], real[f"{stem}_high"]
            axes.axhspan(low, high, color="#d8dde3", label="real images", zorder=0)

            for name, curve in curves.items():
                _draw(axes, curve, space, judge, name)

            axes.set(xlabel=label, ylabel=says, ylim=(0, 1.02))
            axes.grid(alpha=0.3)

            if space == "latent":
                axes.set_xscale("log")
                axes.set_xticks(TICKS, [str(tick) for tick in TICKS])
                axes.minorticks_off()

    handles, labels = plots[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, fontsize=8)

    return figure


def _draw(axes: Axes, curve: Curve, space: str, judge: str, name: str) -> None:
    color, marker, line = LOOKS[name]
    change, agreed = curve.points(space, judge, draws_of(curve.rows))
    found = [interval(levels) for levels in agreed.T]
    means = np.array([each.value for each in found])
    ends = np.array([(x.value - x.low, x.high - x.value) for x in found])
    order = change[0].argsort().numpy()
    axes.errorbar(
        change[0].numpy()[order],
        means[order],
        yerr=ends.clip(0)[order].T,
        color=color,
        marker=marker,
        linestyle=line,
        markersize=5,
        linewidth=1.3,
        elinewidth=0.6,
        capsize=2,
        label=name,
    )
