"""Figures of spectra: arrays in, figures out."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.figure import Figure

from diffeo.report.figures import STYLE

__all__ = ["spectrum_figure"]

Array = npt.NDArray[np.float64]


@rc_context(STYLE)
def spectrum_figure(spectra: Mapping[str, Array]) -> Figure:
    """Draw the sorted eigenvalues of γ⁻¹ on logarithmic axes.

    Source: Dombrowski et al., 2024, Figure 7, right.

    Args:
        spectra: Eigenvalues averaged over points, largest first, by coordinates.

    Example:
        >>> spectrum_figure({"flow": np.array([4.0, 2.0, 1.0])}).axes[0].get_xlabel()
        'rank of the eigenvalue'
    """

    figure = Figure(figsize=(6.0, 4.0))
    axes = figure.subplots()

    for style, (name, values) in zip(
        cycle(("-", "--", ":", "-.")), spectra.items(), strict=False
    ):
        ranks = range(1, len(values) + 1)
        axes.loglog(ranks, values, style, linewidth=2, label=name)

    axes.set_xlabel("rank of the eigenvalue")
    axes.set_ylabel("mean eigenvalue of γ⁻¹ = J Jᵀ\n(gray value² per unit of z²)")
    axes.legend()
    axes.grid(alpha=0.3, which="both")

    return figure
