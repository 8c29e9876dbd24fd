"""Figures of counterfactuals: arrays in, figures out."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals

__all__ = ["confidence_figure", "gallery"]

LINE_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
COLUMNS = ("factual x", "reconstruction", "counterfactual x′", "|x′ − x|")


def gallery(records: Mapping[str, Counterfactuals], rows: Sequence[int]) -> Figure:
    """Draw factual, reconstruction, counterfactual and difference of some rows.

    Source: Dombrowski et al., 2024, Figure 8.

    Args:
        records: Of the same factuals, by the name of their method.
        rows: Which rows to draw, one below the other.
    """

    width = len(COLUMNS)
    size = (0.85 * width * len(records) + 0.4, 0.85 * len(rows) + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subfigures(1, len(records), squeeze=False)[0]

    for panel, (name, record) in zip(panels, records.items(), strict=True):
        panel.suptitle(name, fontsize=10)
        axes = panel.subplots(len(rows), width, squeeze=False)

        for column, title in enumerate(COLUMNS):
            axes[0, column].set_title(title, fontsize=7)

        for line, row in zip(axes, rows, strict=True):
            _draw_row(list(line), record, row)

    return figure


def _draw_row(line: Sequence[Axes], record: Counterfactuals, row: int) -> None:
    before, after = record.factual[row], record.counterfactual[row]
    pictures = (before, record.reconstruction[row], after)

    for axes, picture in zip(line, pictures, strict=False):
        shown = picture.clamp(0, 1).movedim(0, -1).squeeze(-1).cpu().numpy()
        axes.imshow(shown, cmap="gray", vmin=0, vmax=1)

    change = (after - before).abs().sum(0).cpu().numpy()
    line[-1].imshow(change, cmap="inferno", vmin=0, vmax=1)

    for axes in line:
        axes.set_xticks([])
        axes.set_yticks([])


def confidence_figure(
    paths: Mapping[str, Float[Tensor, "batch points"]], confidence: float
) -> Figure:
    """Draw the confidence in the target along the search, a line for each row.

    Args:
        paths: Margins along the path in log-odds beyond the target's, by method.
        confidence: The target's confidence.
    """

    figure = Figure(figsize=(4.2 * len(paths), 3.0), layout="constrained")
    plots = figure.subplots(1, len(paths), squeeze=False, sharey=True)[0]
    needed = float(torch.logit(torch.tensor(confidence)))

    for axes, color, (name, margins) in zip(
        plots, LINE_COLORS, paths.items(), strict=False
    ):
        odds = margins.cpu().double().numpy() + needed
        steps = np.arange(odds.shape[1])
        axes.plot(steps, odds.T, color=color, alpha=0.25, linewidth=0.8)
        axes.plot(steps, np.median(odds, axis=0), color=color, linewidth=2)
        axes.axhline(needed, color="black", linestyle="--", linewidth=1)
        axes.set_title(f"{name} (thick: median)", fontsize=10)
        axes.set_xlabel("step")

    ticks = np.array([1e-6, 1e-4, 1e-2, 0.5, 0.99, 0.9999])
    plots[0].set_yticks(np.log(ticks / (1 - ticks)), [f"{tick:g}" for tick in ticks])
    plots[0].set_ylabel("confidence in the target")

    return figure
