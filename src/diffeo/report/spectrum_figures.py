"""Figures of spectra and of shares in tangent spaces: arrays in, figures out."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

__all__ = ["share_figure", "spectrum_figure"]

Array = npt.NDArray[np.float64]

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


def spectrum_figure(spectra: Mapping[str, Array]) -> Figure:
    """Draw the sorted eigenvalues of γ⁻¹ on logarithmic axes.

    Source: Dombrowski et al., 2024, Figure 7, right.

    Args:
        spectra: Eigenvalues averaged over points, largest first, by coordinates.
    """

    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    axes = figure.subplots()

    for color, style, (name, values) in zip(
        COLORS, ("-", "--", ":", "-."), spectra.items(), strict=False
    ):
        ranks = np.arange(1, len(values) + 1)
        axes.plot(ranks, values, style, color=color, linewidth=2, label=name)

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("rank of the eigenvalue")
    axes.set_ylabel("mean eigenvalue of γ⁻¹ = J Jᵀ\n(gray value² per unit of z²)")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3, which="both")

    return figure


def share_figure(shares: Mapping[str, Array], chance: float) -> Figure:
    """Draw how much of each change lies in the tangent space of the data.

    Args:
        shares: Of the squared length of each change, by the search that made it.
        chance: Share of a change in a random direction.
    """

    figure = Figure(figsize=(6.0, 3.0), layout="constrained")
    axes = figure.subplots()
    drawn = axes.boxplot(
        list(shares.values()),
        orientation="horizontal",
        tick_labels=list(shares),
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        widths=0.6,
        medianprops={"color": "black", "linewidth": 2},
    )

    for color, box in zip(COLORS, drawn["boxes"], strict=False):
        box.set_facecolor(color)
        box.set_alpha(0.7)

    axes.axvline(chance, color="black", linestyle="--", label="a random direction")
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.set_xlabel(
        "share of |x′ − x|² in the data's tangent space\n"
        "box: middle half, line: median, whiskers: 5 % to 95 %"
    )
    axes.legend(frameon=False)

    return figure
