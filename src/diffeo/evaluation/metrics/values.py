"""How near the answers of others come to a value aimed at: for regression."""

import torch
from jaxtyping import Float
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from diffeo.shapes import Data, Model, Scores

__all__ = ["neighbor_value", "value_error"]


@torch.no_grad()
def value_error(oracle: Model, x: Data, target: float | Scores) -> Scores:
    """Return how far an oracle's value is from the target.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Oracle".

    Args:
        oracle: An independent model that returns one value for each row.
        x: Counterfactuals.
        target: A value, or one for each row.

    Raises:
        ValueError: If the oracle returns more than one value for a row.
    """

    values = oracle(x)

    if values.numel() != len(x):
        raise ValueError(
            f"the oracle must return one value a row, got {tuple(values.shape)}"
        )

    return (values.reshape(len(x)) - target).abs()


def neighbor_value(
    x: Data,
    reference: Float[Tensor, "references ..."],
    values: Float[Tensor, " references"],
    *,
    count: int = 3,
) -> Scores:
    """Return the mean true value of the nearest real data.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Nearest neighbours", and Figure
    13, right.

    Args:
        x: Counterfactuals.
        reference: Real data, in which neighbors are looked for.
        values: Their true values.
        count: Neighbors of each row, by Euclidean distance.

    Raises:
        ValueError: If there are fewer real data than neighbors wanted.
    """

    if not 1 <= count <= len(reference):
        raise ValueError(f"count must be from 1 to {len(reference)}, got {count}")

    index = NearestNeighbors(n_neighbors=count, algorithm="brute")
    index.fit(reference.flatten(1).cpu().numpy())
    nearest = index.kneighbors(x.flatten(1).cpu().numpy(), return_distance=False)

    return values[torch.from_numpy(nearest)].mean(1)
