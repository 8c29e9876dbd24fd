"""Success, time, and how far counterfactuals are from factuals."""

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.intervals import median, share
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, by_class, metric
from diffeo.objectives.classes import predicted_class
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

    Example:
        >>> class_distance(torch.zeros(1, 2), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
        tensor([3.])
    """

    return torch.cdist(
        x.flatten(1), members.flatten(1), compute_mode="donot_use_mm_for_euclid_dist"
    ).mean(1)


@metric(Better.HIGHER, share, failures=True)
def success(record: Counterfactuals, _: Judges) -> Scores:
    """Share of rows that the model finds at the target, as sure as was asked."""

    return record.reached.double()


@metric(Better.LOWER, failures=True)
def seconds_per_image(record: Counterfactuals, _: Judges) -> Scores:
    """Time for one image, a share of its batch's."""

    return record.seconds


@metric(Better.LOWER, failures=True)
def composition_error_mean(record: Counterfactuals, _: Judges) -> Scores:
    """Distance of the factuals to themselves encoded and decoded.

    Source: Monteiro, Ribeiro, Pawlowski, Castro and Glocker, 2023, Measuring axiomatic
    soundness of counterfactual image models, Section 3, "Composition".
    """

    return euclidean(record.reconstruction, record.factual)


@metric(Better.LOWER, median)
def l2_data_median(record: Counterfactuals, _: Judges) -> Scores:
    """Length of the change in pixels: adversarial noise is short too."""

    return record.distance


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
    """Length of the change in coordinates, both images rounded to 8 bits.

    The record's own latent distance is another: from the origin to where the search
    stood before its image was clamped.
    """

    return euclidean(
        judges.encode(record.counterfactual), judges.encode(record.factual)
    )


@metric(Better.HIGHER)
def l2_latent_class_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """Mean distance in coordinates to all images of the factual's class.

    The counterfactuals are rounded to 8 bits, as these images are.
    """

    held_out = judges.reference.held_out
    z = judges.encode(record.counterfactual)

    def distance(label: int, rows: Tensor) -> Scores:
        members = judges.once(
            f"Encoding class {label}", lambda: judges.encode(held_out.of(label))
        )

        return class_distance(z[rows], members)

    return by_class(predicted_class(record.outputs_before), distance)
