"""Figures 11, 13, 14 and 15, for MNIST."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch import Tensor

from diffeo.batching import batches_of
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.evaluation import Evaluation
from diffeo.report.figures import COLORS, gallery
from diffeo.shapes import Images, Scores
from reproduction.experiment import Drawing
from reproduction.figures import saved
from reproduction.mnist.baselines import OURS
from reproduction.mnist.setup import SOURCE, Setup

__all__ = ["comparison_drawings"]

SHOWN = 8
BINS = 40
OWN, OTHERS = COLORS[:2]
SHARES = {
    "oracle": ("svm_target", "share that the SVM takes for nines"),
    "neighbors": ("knn_target", "share of nines among 10 neighbors"),
}
Records = Mapping[str, Counterfactuals]


def comparison_drawings(
    records: Mapping[str, Records], evaluation: Evaluation, setup: Setup
) -> dict[str, Drawing]:
    """Return functions that draw all figures of the methods, by the name of the file.

    Args:
        records: By the prefix of their confidence, then by the name of their method.
        evaluation: Of these records, with the prefix before their names, and controls.
        setup: The flow and the real fours.
    """

    drawings: dict[str, Drawing] = {}

    for prefix, found in records.items():
        judged = {name: f"{prefix}{name}" for name in found}
        judged |= {name: name for name in evaluation.controls}

        for stem, (metric, label) in SHARES.items():
            scores = {
                name: evaluation.scores[full][metric] for name, full in judged.items()
            }
            figure = partial(_shares_figure, scores, label)
            drawings[f"{prefix}{stem}.png"] = saved(figure)

        pair = {name: found[name] for name in ("adversarial", OURS)}
        rows = range(min(SHOWN, len(found[OURS])))
        drawings |= {
            f"{prefix}distances.png": saved(partial(_distances_figure, pair, setup)),
            f"{prefix}gallery.png": saved(partial(gallery, found, rows)),
        }

    return drawings


def _shares_figure(shares: Mapping[str, Scores], label: str) -> Figure:
    """Draw the mean of each method as a bar, with one standard deviation.

    Source: Dombrowski et al., 2024, Figures 11 and 13, left.
    """

    figure = Figure(figsize=(1.0 + 0.8 * len(shares), 3.2), layout="constrained")
    axes = figure.subplots()
    finite = [values[values.isfinite()].double() for values in shares.values()]
    means = [values.mean().item() for values in finite]
    spread = [(x - x.mean()).square().mean().sqrt().item() for x in finite]
    places = np.arange(len(shares))
    axes.bar(places, means, yerr=spread, color=OWN, ecolor="black", capsize=3)
    axes.set_xticks(places, list(shares), rotation=30, ha="right", fontsize=8)
    axes.set(ylim=(0, 1.05), ylabel=label)

    return figure


def _distances_figure(records: Records, setup: Setup) -> Figure:
    """Draw how far methods end from their own source image and from its whole class.

    Source: Dombrowski et al., 2024, Figure 14.
    """

    spaces = {"X": partial(torch.flatten, start_dim=1), "Z": partial(_encode, setup)}
    fours = setup.test.of(SOURCE)
    figure = Figure(figsize=(7.2, 2.2 * len(records)), layout="constrained")
    plots = figure.subplots(len(records), 2, sharex="col", squeeze=False)

    for column, (space, encode) in zip(plots.T, spaces.items(), strict=True):
        others = encode(fours)

        for axes, (name, record) in zip(column, records.items(), strict=True):
            there = record.select(record.reached)
            after, before = encode(there.counterfactual), encode(there.factual)
            own = (after - before).norm(dim=1)
            axes.set_title(f"{name}, in {space}", fontsize=9)
            _draw_distances(axes, own, torch.cdist(after, others).flatten())

        column[-1].set_xlabel(f"Euclidean distance in {space}")

    figure.legend(
        handles=[Patch(color=OWN), Patch(color=OTHERS)],
        labels=["source", "source class"],
        loc="outside upper center",
        ncols=2,
        fontsize=7,
    )

    return figure


def _draw_distances(axes: Axes, own: Scores, others: Scores) -> None:
    axes.set_yticks([])
    most = torch.cat((own, others)).max().item() if len(own) else 1.0
    edges = np.linspace(0, most, BINS).tolist()

    for values, color in ((own, OWN), (others, OTHERS)):
        axes.hist(values.numpy(), edges, density=len(own) > 0, color=color, alpha=0.65)


@torch.no_grad()
def _encode(setup: Setup, x: Images) -> Tensor:
    parts = [setup.flow.encode(part) for part in batches_of(x, 250)]

    return torch.cat(parts) if parts else x.flatten(1)
