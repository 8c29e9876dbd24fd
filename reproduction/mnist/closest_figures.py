"""How much nearer counterfactuals come, and how much nearer they could."""

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.figures import COLORS
from diffeo.shapes import Scores

__all__ = ["distances_figure"]


def distances_figure(records: Mapping[str, Counterfactuals]) -> Figure:
    """Draw each row's distance before and after, and the angles that are left.

    Args:
        records: Of the same rows: "plain", and brought nearer in "latent" and "data"
            distance.
    """

    plain, nearer = records["plain"], (records["latent"], records["data"])
    figure = Figure(figsize=(10.0, 3.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    latent, data = nearer
    _draw_pairs(left, plain.latent_distance, latent.latent_distance, COLORS[0])
    left.set(xlabel="‖z′ − z‖, plain", ylabel="‖z′ − z‖, closest in it")
    _draw_pairs(middle, plain.distance, data.distance, COLORS[1])
    middle.set(xlabel="‖x′ − x‖, plain", ylabel="‖x′ − x‖, closest in it")

    for name, record, color in zip(("z", "x"), nearer, COLORS, strict=False):
        angle = record.statements["kkt_angle"]
        sure = angle[angle.isfinite()].double().numpy()

        if len(sure):
            right.ecdf(sure, color=color, label=f"closest in {name}")

    right.set(xlabel="angle between gradients, degrees", ylabel="share of rows")
    right.legend(frameon=False)

    return figure


def _draw_pairs(axes: Axes, before: Scores, after: Scores, color: str) -> None:
    """Draw a point for each row, below the diagonal where it came nearer."""

    most = torch.cat((before, after)).max().item()
    ends = np.array([0.0, most])
    axes.plot(ends, ends, color="black", linewidth=0.8, linestyle="--")
    axes.scatter(before.numpy(), after.numpy(), s=8, color=color, alpha=0.6)
    axes.set(aspect="equal", xlim=(0, None), ylim=(0, None))
