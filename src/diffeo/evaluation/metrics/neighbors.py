"""What the nearest real data are."""

import torch
from jaxtyping import Float, Int
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from diffeo.shapes import Data, Indices

__all__ = ["neighbor_share"]


def neighbor_share(
    x: Data,
    reference: Float[Tensor, "references ..."],
    labels: Int[Tensor, " references"],
    *,
    target: int | Indices,
    count: int = 10,
) -> Float[Tensor, " batch"]:
    """Return which share of the nearest real data is of the target class.

    Source: Dombrowski et al., 2024, Section IV-B.3, "Nearest neighbours".

    Args:
        x: Counterfactuals.
        reference: Real data, in which neighbors are looked for.
        labels: Their true classes.
        target: A class, or one for each row.
        count: Neighbors of each row, by Euclidean distance.

    Raises:
        ValueError: If there are fewer real data than neighbors wanted.
    """

    if not 1 <= count <= len(reference):
        raise ValueError(f"count must be from 1 to {len(reference)}, got {count}")

    index = NearestNeighbors(n_neighbors=count, algorithm="brute")
    index.fit(reference.flatten(1).cpu().numpy())
    nearest = index.kneighbors(x.flatten(1).cpu().numpy(), return_distance=False)

    wanted = torch.as_tensor(target).reshape(-1, 1)

    return (labels[torch.from_numpy(nearest)] == wanted).float().mean(1)
