"""How far counterfactuals are from factuals, in data space and in coordinates."""

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.batching import batches_of
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.intervals import median
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, by_class, metric
from diffeo.evaluation.oracles import predicted_class
from diffeo.shapes import Data, Scores

__all__ = ["class_distance", "euclidean"]

Members = Float[Tensor, "members *data"]


def euclidean(x: Data, y: Data) -> Scores:
    """Return the Euclidean distance of each row of one tensor to that of another.

    Source: Dombrowski et al., 2024, Tables II and III, left.

    Args:
        x: Counterfactuals, or their coordinates.
        y: Factuals, or their coordinates.

    Example:
        >>> euclidean(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]))
        tensor([5.])
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

    Example:
        >>> class_distance(torch.zeros(1, 2), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
        tensor([3.])
    """

    if len(members) == 0:
        raise ValueError("members must be at least one, got none")

    others = members.flatten(1)
    means = [
        torch.cdist(rows, others, compute_mode="donot_use_mm_for_euclid_dist").mean(1)
        for rows in batches_of(x.flatten(1))
    ]

    return torch.cat(means)


@metric(Better.LOWER, median)
def l2_data_median(record: Counterfactuals, _: Judges) -> Scores:
    """Length of the change in pixels: adversarial noise is short too."""

    return euclidean(record.counterfactual, record.factual)


@metric(Better.HIGHER)
def l2_data_class_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """Mean distance to all images of the factual's class."""

    return by_class(
        predicted_class(record.outputs_before),
        lambda label, rows: class_distance(
            record.counterfactual[rows], judges.reference.held_out.of(label)
        ),
    )


@metric(Better.LOWER, median)
def l2_latent_median(record: Counterfactuals, judges: Judges) -> Scores:
    """Length of the change in coordinates: the flat distance along the data."""

    return euclidean(
        judges.encode(record.counterfactual), judges.encode(record.factual)
    )


@metric(Better.HIGHER)
def l2_latent_class_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """Mean distance in coordinates to all images of the factual's class."""

    held_out = judges.reference.held_out
    z = judges.encode(record.counterfactual)

    def distance(label: int, rows: Tensor) -> Scores:
        members = judges.once(
            f"Encoding class {label}", lambda: judges.encode(held_out.of(label))
        )

        return class_distance(z[rows], members)

    return by_class(predicted_class(record.outputs_before), distance)
