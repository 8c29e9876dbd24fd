"""Figures 2 (e), 11, 13, 14 and 15, for any classes of images."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.intervals import Interval
from diffeo.evaluation.judges import encode_8_bits
from diffeo.models.flow.flow import Flow
from diffeo.report import images
from diffeo.report.figures import COLORS
from diffeo.shapes import Images, Scores
from reproduction.domain import Domain
from reproduction.experiment import Drawing
from reproduction.figures import saved

__all__ = ["comparison_drawings", "gallery_figure", "shares_figure"]

SHOWN = 8
NAME = 0.1  # inches that a letter of a method's name takes
BINS = 40
OWN, OTHERS = COLORS[:2]
SHARES = {
    "oracle": ("svm_target", "share that the SVM takes for the target"),
    "neighbors": ("knn_target", "share of the target among 10 neighbors"),
    "consensus": ("consensus_target", "share that most oracles take for the target"),
}
Records = Mapping[str, Counterfactuals]


def comparison_drawings(
    records: Mapping[str, Records],
    evaluation: Evaluation,
    domain: Domain,
    pair: tuple[str, str],
) -> dict[str, Drawing]:
    """Return functions that draw all figures of the methods, by the name of the file.

    Args:
        records: By the prefix of their confidence, then by the name of their method.
        evaluation: Of these records, with the prefix before their names, and controls.
        domain: The flow, and real images of both classes.
        pair: Names of an adversarial method and of one on the data, which are compared
            in more detail.
    """

    drawings: dict[str, Drawing] = {}
    measured = {
        (name, metric.name): interval
        for name, metric, interval in evaluation.measurements
    }

    for prefix, found in records.items():
        judged = {name: f"{prefix}{name}" for name in found}
        judged |= {name: name for name in evaluation.controls}

        for stem, (metric, label) in SHARES.items():
            bars = {
                name: measured[full, metric]
                for name, full in judged.items()
                if (full, metric) in measured
            }
            drawings[f"{prefix}{stem}.png"] = saved(partial(shares_figure, bars, label))

        two = {name: found[name] for name in pair}
        drawings |= {
            f"{prefix}distances.png": saved(partial(_distances_figure, two, domain)),
            f"{prefix}nearest.png": saved(partial(_nearest_figure, two, domain)),
            f"{prefix}gallery.png": saved(partial(gallery_figure, found)),
        }

    return drawings


def shares_figure(shares: Mapping[str, Interval], label: str) -> Figure:
    """Draw the mean of each method as a bar, with its 95 percent interval.

    Source: Dombrowski et al., 2024, Figures 11 and 13, left, with standard deviations.

    Args:
        shares: By the name of the method.
        label: What they are shares of.
    """

    figure = Figure(figsize=(6.4, 0.8 + 0.26 * len(shares)), layout="constrained")
    axes = figure.subplots()
    means = [each.value for each in shares.values()]
    ends = [(each.value - each.low, each.high - each.value) for each in shares.values()]
    axes.barh(
        list(shares),
        means,
        xerr=np.array(ends).clip(0).T,
        color=OWN,
        ecolor="black",
        capsize=3,
    )
    axes.invert_yaxis()
    axes.margins(y=0.02)
    axes.set(xlim=(0, 1.03), xlabel=label)

    return figure


def gallery_figure(records: Records) -> Figure:
    """Draw the first factuals, a column each, and what every method makes of them.

    An empty place means that the method did not reach its target.

    Source: Dombrowski et al., 2024, Figure 15.
    """

    first = next(iter(records.values()))
    count = min(SHOWN, len(first))
    lines = {"factual": first.factual[:count]}
    lines |= {
        name: torch.where(
            record.reached[:count, None, None, None],
            record.counterfactual[:count],
            1.0,
        )
        for name, record in records.items()
    }
    names = max(1.2, NAME * max(map(len, lines)))  # inches
    size = names + 0.8 * count, 0.8 * len(lines)
    figure = Figure(figsize=size, layout="constrained")
    plots = figure.subplots(len(lines), squeeze=False)[:, 0]

    for axes, (name, drawn) in zip(plots, lines.items(), strict=True):
        line = images.as_picture(images.sheet(drawn, across=count))
        axes.imshow(line, cmap="gray", vmin=0, vmax=255)
        axes.set(xticks=[], yticks=[], frame_on=False)
        axes.set_ylabel(
            name.replace("_", " "), rotation=0, ha="right", va="center", fontsize=9
        )

    return figure


def _nearest_figure(records: Records, domain: Domain) -> Figure:
    """Draw how far originals and counterfactuals are from the nearest of the target.

    Source: Dombrowski et al., 2024, Figure 2 (e).
    """

    both = torch.stack([record.reached for record in records.values()]).all(0)
    factual = next(iter(records.values())).factual
    shown = {"originals": factual[both]}
    shown |= {name: record.counterfactual[both] for name, record in records.items()}
    targets = domain.train.of(domain.target)
    figure = Figure(figsize=(7.2, 2.6), layout="constrained")

    for axes, (space, encode) in zip(
        figure.subplots(1, 2), _spaces(domain.flow).items(), strict=True
    ):
        real = encode(targets)
        nearest = {
            name: torch.cdist(encode(x), real).min(1).values.numpy()
            for name, x in shown.items()
            if len(x)
        }

        if nearest:
            axes.hist(
                list(nearest.values()),
                BINS,
                histtype="step",
                color=COLORS[: len(nearest)],
                label=list(nearest),
            )
            axes.legend(fontsize=7)

        axes.set(xlabel=f"distance to the nearest of the target in {space}", yticks=[])

    return figure


def _distances_figure(records: Records, domain: Domain) -> Figure:
    """Draw how far methods end from their own source image and from its whole class.

    Source: Dombrowski et al., 2024, Figure 14.
    """

    sources = domain.held_out.of(domain.source)
    figure = Figure(figsize=(7.2, 2.2 * len(records)), layout="constrained")
    plots = figure.subplots(len(records), 2, sharex="col", squeeze=False)

    for column, (space, encode) in zip(
        plots.T, _spaces(domain.flow).items(), strict=True
    ):
        others = encode(sources)

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


def _spaces(flow: Flow) -> dict[str, Callable[[Images], Tensor]]:
    """Return what images are in X and in Z, as vectors."""

    def encode(x: Images) -> Tensor:
        return encode_8_bits(flow, x) if len(x) else x.flatten(1)

    return {"X": partial(torch.flatten, start_dim=1), "Z": encode}
