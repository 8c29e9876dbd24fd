"""How few pixels a change needs."""

from diffeo.shapes import Data, Scores

__all__ = ["hoyer"]


def hoyer(change: Data) -> Scores:
    """Return (√n − ‖δ‖₁ / ‖δ‖₂) / (√n − 1): 1 for a single entry, 0 for equal ones.

    It is not a number where nothing changes.

    Source: Hoyer, 2004, Non-negative matrix factorization with sparseness constraints,
    Section 3.1.

    Args:
        change: δ = x′ − x.

    Raises:
        ValueError: If a change has fewer than two entries.
    """

    flat = change.flatten(1)
    root = flat.shape[1] ** 0.5

    if flat.shape[1] < 2:
        raise ValueError(f"change must have at least 2 entries, got {flat.shape[1]}")

    sparse: Scores = (root - flat.abs().sum(1) / flat.norm(dim=1)) / (root - 1)

    return sparse
