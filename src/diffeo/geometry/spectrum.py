"""What the eigenvalues of the inverse metric tell of a data manifold."""

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.shapes import Indices, Scores

__all__ = [
    "Spectrum",
    "average_spectrum",
    "dimension_by_gap",
    "dimension_by_share",
    "effective_dimension",
    "top_share",
]

Spectrum = Float[Tensor, "batch values"]


def effective_dimension(eigenvalues: Spectrum) -> Scores:
    """Return the participation ratio (Σ λ)² / Σ λ² of each spectrum.

    It is k for k equal eigenvalues among zeros.

    Source: Gao et al., 2017, A theory of multineuronal dimensionality, equation (4).

    Args:
        eigenvalues: Not negative.
    """

    return eigenvalues.sum(1).square() / eigenvalues.square().sum(1)


def top_share(eigenvalues: Spectrum, *, count: int) -> Scores:
    """Return the share that the largest eigenvalues have of the sum.

    Args:
        eigenvalues: Not negative, largest first.
        count: How many are the largest.
    """

    return eigenvalues[:, :count].sum(1) / eigenvalues.sum(1)


def average_spectrum(eigenvalues: Spectrum) -> Float[Tensor, " values"]:
    """Return the mean over points of the largest eigenvalue, of the second, and so on.

    Source: Dombrowski et al., 2024, Figure 7, right.
    """

    return eigenvalues.sort(dim=1, descending=True).values.mean(0)


def dimension_by_share(eigenvalues: Spectrum, *, share: float) -> Indices:
    """Return how many of the largest eigenvalues make up a share of the sum.

    Args:
        eigenvalues: Not negative, largest first.
        share: Between 0 and 1.

    Raises:
        ValueError: If the share is not between 0 and 1.
    """

    if not 0 < share < 1:
        raise ValueError(f"share must be between 0 and 1, both excluded, got {share}")

    reached = eigenvalues.cumsum(1) / eigenvalues.sum(1, keepdim=True)

    return (reached < share).sum(1) + 1


def dimension_by_gap(eigenvalues: Spectrum) -> Indices:
    """Return how many eigenvalues lie above the widest gap on a logarithmic axis.

    Args:
        eigenvalues: Not negative, largest first, at least two.
    """

    floor = torch.finfo(eigenvalues.dtype).tiny

    return eigenvalues.clamp_min(floor).log().diff(dim=1).argmin(1) + 1
