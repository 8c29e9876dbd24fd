"""The figure of spectra: arrays in, a figure out."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from diffeo.report.figures import COLORS

__all__ = ["spectrum_figure"]

Array = npt.NDArray[np.float64]

STYLES = ("-", "--", ":", "-.")


def spectrum_figure(spectra: Mapping[str, Array]) -> Figure:
    """Draw the sorted eigenvalues of γ⁻¹ on logarithmic axes.

    Source: Dombrowski et al., 2024, Figure 7, right.

    Args:
        spectra: Eigenvalues averaged over points, largest first, by coordinates.
    """

    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    axes = figure.subplots()

    for color, style, (name, values) in zip(
        cycle(COLORS), cycle(STYLES), spectra.items(), strict=False
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
