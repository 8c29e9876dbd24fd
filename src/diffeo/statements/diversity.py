"""How much the counterfactuals of one input differ from each other."""

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.several import inputs_of

__all__ = ["diversity"]

NAMES = "nearest_angle", "diversity_latent", "diversity_data", "determinant", "distinct"
Changes = Float[Tensor, "found numbers"]


@torch.no_grad()
def diversity(
    record: Counterfactuals, *, share: float = 0.5, scale: Sequence[float] = ()
) -> Counterfactuals:
    """State how much the counterfactuals of each input differ, those at the target.

    Distances are in units of the mean distance to the input, so that far
    counterfactuals are not diverse for that alone. In high dimensions noise is diverse
    too: look at the counterfactuals, and at how far they are from their input.

    Source: Mothilal, Sharma and Tan, 2020, Explaining machine learning classifiers
    through diverse counterfactual explanations, Section 3.1, for the determinant of
    1 / (1 + distance), and Section 4.2, for the mean distance of all pairs.

    Args:
        record: As `search_several` returns it.
        share: Part of the mean distance to the input by which a counterfactual must
            differ, in the data, from each one counted before it to count as another.

        scale: What counts as one in each number of the data, such as the standard
            deviation of a table's column; the number's own unit if empty.

    Returns:
        The record with the statements "nearest_angle", in degrees, between a row's
        change in coordinates and that of the input's other row most like it; and the
        same for all rows of an input "diversity_latent" and "diversity_data", the mean
        distances of all pairs in coordinates and in the data; "determinant", in the
        data, from 0 for copies of one to 1; and "distinct", how many there are that
        differ. NaN for rows that are not at the target; all but the last also where
        an input has no second one, or does not change.

    Raises:
        ValueError: If the share is not above 0, or there are scales, but not one for
            each number.

    Example:
        >>> from diffeo import AtLeast, Identity
        >>> from diffeo.several import search_several
        >>> x, place = torch.tensor([[0.1, 0.0, 0.0]]), Identity((3,))
        >>> model = lambda x: x.logsumexp(1)
        >>> found = search_several(x, model, AtLeast(3.0), place, count=2)
        >>> diversity(found).statements["distinct"]
        tensor([2., 2.])
    """

    if not share > 0:
        raise ValueError(f"share must be above 0, got {share}")

    latent = record.latent - record.origin
    data = (record.counterfactual - record.factual).flatten(1)

    if len(scale) not in (0, data.shape[1]):
        raise ValueError(
            f"scale must be one for each of {data.shape[1]} numbers, got {len(scale)}"
        )

    data = data / data.new_tensor(scale) if scale else data
    inputs = inputs_of(record)
    stated = {name: torch.full_like(record.margin, math.nan) for name in NAMES}

    for number in inputs[record.reached].unique():
        rows = ((inputs == number) & record.reached).nonzero()[:, 0]

        for name, value in _of_one(latent[rows], data[rows], share).items():
            stated[name][rows] = value.to(record.margin)

    return record.stating(stated)


def _of_one(latent: Changes, data: Changes, share: float) -> Mapping[str, Tensor]:
    """Return what is stated of the changes of one input."""

    apart = _distances(data)
    alone = len(apart) == 1

    return {
        "nearest_angle": _nearest_angle(latent),
        "diversity_latent": _mean_of_pairs(_distances(latent)),
        "diversity_data": _mean_of_pairs(apart),
        "determinant": apart.new_tensor(math.nan) if alone else (1 / (1 + apart)).det(),
        "distinct": apart.new_tensor(_distinct(apart, share)),
    }


def _distances(changes: Changes) -> Tensor:
    """Return the distances of all pairs, in units of the mean length."""

    length = torch.linalg.vector_norm(changes, dim=1).mean()
    far = torch.cdist(changes, changes, compute_mode="donot_use_mm_for_euclid_dist")

    relative: Tensor = far / length

    return relative


def _mean_of_pairs(distances: Tensor) -> Tensor:
    count = len(distances)

    return distances.sum() / (count * (count - 1))


def _nearest_angle(changes: Changes) -> Tensor:
    direction = changes / torch.linalg.vector_norm(changes, dim=1, keepdim=True)
    cosine = (direction @ direction.T).clamp(-1, 1)

    angle: Tensor = cosine.fill_diagonal_(-math.inf).amax(1).arccos().rad2deg()

    return angle


def _distinct(distances: Tensor, share: float) -> int:
    """Return how many differ from each one that was counted before."""

    counted: list[int] = []

    for number, row in enumerate(distances):
        if (row[counted] > share).all():
            counted.append(number)

    return len(counted)
