"""What the nearest real data are."""

import torch
from jaxtyping import Float, Int
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, metric
from diffeo.evaluation.reference import Labels
from diffeo.shapes import Data, Indices, Scores

__all__ = ["nearest_labels", "neighbor_share"]


def nearest_labels(
    x: Data,
    reference: Float[Tensor, "references ..."],
    labels: Labels,
    *,
    count: int,
) -> Float[Tensor, "batch count"] | Int[Tensor, "batch count"]:
    """Return the labels of the nearest real data of each row.

    Args:
        x: Counterfactuals.
        reference: Real data, in which neighbors are looked for.
        labels: Their true classes or values.
        count: Number of neighbors of each row, by Euclidean distance.

    Raises:
        ValueError: If there are fewer real data than neighbors wanted.

    Example:
        >>> reference = torch.tensor([[0.0], [1.0], [5.0]])
        >>> nearest_labels(reference[:1], reference, torch.tensor([4, 4, 9]), count=2)
        tensor([[4, 4]])
    """

    if not 1 <= count <= len(reference):
        raise ValueError(f"count must be from 1 to {len(reference)}, got {count}")

    index = NearestNeighbors(n_neighbors=count, algorithm="brute")
    index.fit(reference.flatten(1).cpu().numpy())
    nearest = index.kneighbors(x.flatten(1).cpu().numpy(), return_distance=False)

    return labels[torch.from_numpy(nearest).to(labels.device)].to(x.device)


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
        count: Number of neighbors of each row, by Euclidean distance.

    Raises:
        ValueError: If there are fewer real data than neighbors wanted.

    Example:
        >>> reference = torch.tensor([[0.0], [1.0], [5.0]])
        >>> labels = torch.tensor([4, 9, 9])
        >>> neighbor_share(reference[:1], reference, labels, target=9, count=2)
        tensor([0.5000])
    """

    wanted = torch.as_tensor(target, device=x.device).reshape(-1, 1)
    found = nearest_labels(x, reference, labels, count=count)

    return (found == wanted).float().mean(1)


@metric(Better.HIGHER)
def knn_target(record: Counterfactuals, judges: Judges) -> Scores:
    """Share of the nearest real images that are of the target class."""

    train = judges.reference.train

    return neighbor_share(
        record.counterfactual,
        train.images,
        train.labels,
        target=record.target.long(),
        count=min(judges.settings.neighbors, len(train)),
    )
