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
        eigenvalues: Eigenvalues of each row, at least 0, shape (batch, values).

    Example:
        >>> import torch
        >>> eigenvalues = torch.tensor([[4.0, 4.0, 0.0]])
        >>> effective_dimension(eigenvalues)
        tensor([2.])
    """

    return eigenvalues.sum(1).square() / eigenvalues.square().sum(1)


def top_share(eigenvalues: Spectrum, *, count: int) -> Scores:
    """Return the share that the largest eigenvalues have of the sum.

    Args:
        eigenvalues: Eigenvalues of each row, at least 0, largest first.
        count: Number of eigenvalues that count as the largest.

    Example:
        >>> import torch
        >>> eigenvalues = torch.tensor([[4.0, 4.0, 0.0]])
        >>> top_share(eigenvalues, count=1)
        tensor([0.5000])
    """

    return eigenvalues[:, :count].sum(1) / eigenvalues.sum(1)


def average_spectrum(eigenvalues: Spectrum) -> Float[Tensor, " values"]:
    """Return the mean over points of the largest eigenvalue, of the second, and so on.

    Source: Dombrowski et al., 2024, Figure 7, right.

    Args:
        eigenvalues: Eigenvalues of each row, shape (batch, values).

    Example:
        >>> import torch
        >>> eigenvalues = torch.tensor([[4.0, 4.0, 0.0]])
        >>> average_spectrum(eigenvalues)
        tensor([4., 4., 0.])
    """

    return eigenvalues.sort(dim=1, descending=True).values.mean(0)


def dimension_by_share(eigenvalues: Spectrum, *, share: float) -> Indices:
    """Return how many of the largest eigenvalues make up a share of the sum.

    Args:
        eigenvalues: Eigenvalues of each row, at least 0, largest first.
        share: The share to reach, between 0 and 1.

    Raises:
        ValueError: If the share is not between 0 and 1.

    Example:
        >>> import torch
        >>> eigenvalues = torch.tensor([[4.0, 4.0, 0.0]])
        >>> dimension_by_share(eigenvalues, share=0.9)
        tensor([2])
    """

    if not 0 < share < 1:
        raise ValueError(f"share must be between 0 and 1, both excluded, got {share}")

    reached = eigenvalues.cumsum(1) / eigenvalues.sum(1, keepdim=True)

    return (reached < share).sum(1) + 1


def dimension_by_gap(eigenvalues: Spectrum) -> Indices:
    """Return how many eigenvalues lie above the widest gap on a logarithmic axis.

    Args:
        eigenvalues: At least two eigenvalues of each row, at least 0, largest first.

    Example:
        >>> import torch
        >>> eigenvalues = torch.tensor([[4.0, 4.0, 0.0]])
        >>> dimension_by_gap(eigenvalues)
        tensor([2])
    """

    floor = torch.finfo(eigenvalues.dtype).tiny

    return eigenvalues.clamp_min(floor).log().diff(dim=1).argmin(1) + 1
