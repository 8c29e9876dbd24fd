"""Sparsity: how few pixels a change needs."""

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, metric
from diffeo.shapes import Data, Scores

__all__ = ["hoyer"]


def hoyer(change: Data) -> Scores:
    """Return (√n − ‖δ‖₁ / ‖δ‖₂) / (√n − 1): 1 for a single entry, 0 for equal ones.

    It is NaN where nothing changes.

    Source: Hoyer, 2004, Non-negative matrix factorization with sparseness constraints,
    Section 3.1.

    Args:
        change: δ = x′ − x.

    Raises:
        ValueError: If a change has fewer than two entries.

    Example:
        >>> import torch
        >>> hoyer(torch.tensor([[0.0, 2.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]]))
        tensor([1., 0.])
    """

    flat = change.flatten(1)
    root = flat.shape[1] ** 0.5

    if flat.shape[1] < 2:
        raise ValueError(f"change must have at least 2 entries, got {flat.shape[1]}")

    sparse: Scores = (root - flat.abs().sum(1) / flat.norm(dim=1)) / (root - 1)

    return sparse


@metric(Better.HIGHER)
def sparsity_mean(record: Counterfactuals, _: Judges) -> Scores:
    """Hoyer's sparsity of the change: 1 for a single pixel, 0 for all alike."""

    return hoyer(record.counterfactual - record.factual)
