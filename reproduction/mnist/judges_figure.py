"""What every judge says of the nines of every classifier."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffeo.report.figures import COLORS

__all__ = ["judges_figure"]

METHODS = {"diffeomorphic": COLORS[0], "adversarial": COLORS[1]}
JUDGES = {
    "svm_0.001": "SVM, C = 0.001",
    "svm_0.01": "SVM, C = 0.01",
    "svm_0.05": "SVM, C = 0.05",
    "svm_0.1": "SVM, C = 0.1",
    "svm_1": "SVM, C = 1",
    "knn": "neighbors",
    "consensus": "consensus",
}
APART = 0.17  # of the two methods, in lanes


def judges_figure(results: Mapping[str, float]) -> Figure:
    """Draw shares of nines with their intervals: a panel a judge, a lane a classifier.

    The dashed line is what the judge says of real nines.

    Args:
        results: As results.json holds them.
    """

    judge = next(iter(JUDGES))
    names = [
        key.removesuffix("_accuracy")
        for key in results
        if f"adversarial_{key.removesuffix('_accuracy')}_{judge}" in results
    ]
    figure = Figure(figsize=(13.0, 0.9 + 0.35 * len(names)), layout="constrained")
    plots = figure.subplots(1, len(JUDGES), sharey=True)

    for axes, (judge, title) in zip(plots, JUDGES.items(), strict=True):
        for place, (method, color) in zip(
            (-APART, APART), METHODS.items(), strict=True
        ):
            stems = [f"{method}_{name}_{judge}" for name in names]
            _draw(axes, place, [_ends(results, stem) for stem in stems], color, method)

        axes.axvline(results[f"real_{judge}"], color="black", lw=1, ls="--")
        axes.set_title(title, fontsize=9)
        axes.set_xlim(0, 1)
        axes.grid(axis="x", alpha=0.3)

    plots[0].set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    plots[0].set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel("share of nines", fontsize=9)
    figure.legend(
        *plots[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=2,
        fontsize=8,
    )

    return figure


def _ends(results: Mapping[str, float], stem: str) -> tuple[float, float, float]:
    return results[stem], results[f"{stem}_low"], results[f"{stem}_high"]


def _draw(
    axes: Axes,
    place: float,
    lanes: list[tuple[float, float, float]],
    color: str,
    label: str,
) -> None:
    values, low, high = zip(*lanes, strict=True)
    places = [lane + place for lane in range(len(lanes))]
    axes.hlines(places, low, high, color=color, lw=1.5)
    axes.plot(values, places, "o", color=color, ms=4, label=label)
