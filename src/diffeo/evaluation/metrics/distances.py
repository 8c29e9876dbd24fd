"""How far counterfactuals are from factuals."""

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.batching import batches_of
from diffeo.counterfactuals import Counterfactuals
from diffeo.shapes import Data, Scores

__all__ = ["class_distance", "distance", "diversity", "stability"]

Members = Float[Tensor, "members *data"]


def distance(x: Data, y: Data) -> Scores:
    """Return the Euclidean distance of each row of one tensor to that of another.

    Of data or of coordinates: the distances to the own source image.

    Source: Dombrowski et al., 2024, Tables II and III, left.
    """

    found: Scores = (x - y).flatten(1).norm(dim=1)

    return found


def class_distance(x: Data, members: Members) -> Scores:
    """Return the mean Euclidean distance of each row to all members of a class.

    Source: Dombrowski et al., 2024, Tables II and III, right, and Figure 14.

    Args:
        x: Counterfactuals, or their coordinates.
        members: Data of the source class, or their coordinates.

    Raises:
        ValueError: If the class has no members.
    """

    if len(members) == 0:
        raise ValueError("members must be at least one, got none")

    others = members.flatten(1)
    means = [
        torch.cdist(rows, others, compute_mode="donot_use_mm_for_euclid_dist").mean(1)
        for rows in batches_of(x.flatten(1))
    ]

    return torch.cat(means)


def stability(record: Counterfactuals, other: Counterfactuals) -> Scores:
    """Return how far apart two searches of the same factuals end.

    The other search may have started from the factuals with a little noise, or have
    used other seeds.

    Args:
        record: Counterfactuals.
        other: Those of the other search, row by row.

    Raises:
        ValueError: If the records differ in shape.
    """

    _check([record, other])

    return distance(record.counterfactual, other.counterfactual)


def diversity(records: list[Counterfactuals]) -> Scores:
    """Return the mean distance between any two counterfactuals of each factual.

    Args:
        records: One of each start, row by row.

    Raises:
        ValueError: If there are fewer than two records, or they differ in shape.
    """

    if len(records) < 2:
        raise ValueError(f"records must be at least two, got {len(records)}")

    _check(records)
    ends = torch.stack([record.counterfactual.flatten(1) for record in records], dim=1)
    apart = torch.cdist(ends, ends, compute_mode="donot_use_mm_for_euclid_dist")
    pairs = len(records) * (len(records) - 1)

    return apart.sum((1, 2)) / pairs


def _check(records: list[Counterfactuals]) -> None:
    shapes = {tuple(record.counterfactual.shape) for record in records}

    if len(shapes) > 1:
        raise ValueError(f"records must be of one shape, got {sorted(shapes)}")
