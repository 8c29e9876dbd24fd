"""How typical counterfactuals are, as ranks among real data of their class."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from diffeo.batching import backing_off
from diffeo.coordinates.density import density_of
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.levels import to_8_bits
from diffeo.progress import watch
from diffeo.shapes import Data, Scores

__all__ = ["typicality"]

BATCH = 100
References = Float[Tensor, "references *data"]
Labels = Int[Tensor, " references"]


@torch.no_grad()
def typicality(
    record: Counterfactuals,
    coordinates: Coordinates,
    data: References,
    labels: Labels,
    *,
    progress: bool = False,
) -> Counterfactuals:
    """State how many real data of its target class are more typical than each row.

    By the log-density, where the coordinates know one, or else by the error of the
    round trip through them. Images are rounded to 8 bits before, as real ones are; a
    density is taken at the pixels themselves, which are the centers of their bins. The
    rank compares; it guarantees no coverage, and a density can be greater than that of
    all real data without a datum being like them, or the same in another class.

    Args:
        record: Of a search for classes.
        coordinates: Those that know a density, or else encode and decode.
        data: Real data that the coordinates were not trained on.
        labels: The class of each of these.
        progress: Whether to show a bar.

    Returns:
        The record with the statements "typicality_rank", the number of references of
        greater density, or "round_trip_rank", that of references of smaller error; and
        "references", their number in all. A rank is NaN where the point is not finite.

    Raises:
        ValueError: If the record is not of classes, or a target class has no reference.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.rand(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> stated = typicality(record, place, x, torch.tensor([1, 1]))
        >>> stated.statements["references"]
        tensor([2., 2.])
    """

    targets = _targets(record, data, labels)
    density = density_of(coordinates)
    name = "round_trip_rank" if density is None else "typicality_rank"
    score = _round_trip(coordinates) if density is None else density
    x, known = record.counterfactual, torch.isin(labels, targets)
    every = torch.cat((x, data[known].to(x)))
    scores = _in_batches(score, every, progress=progress)
    own, real = scores[: len(x)], scores[len(x) :]
    of_class = record.target.long()[:, None] == labels[known].to(x.device)
    rank = (of_class & (real > own[:, None])).sum(1).to(own.dtype)

    return record.stating(
        {
            name: rank.where(own.isfinite(), torch.nan),
            "references": of_class.sum(1).to(own.dtype),
        }
    )


def _targets(record: Counterfactuals, data: Tensor, labels: Tensor) -> Tensor:
    """Return the classes that rows aim at, or refuse them."""

    if not record.is_of_classes:
        raise ValueError(
            "the record must be of a search for classes, got one for "
            f"{record.objective.get('name', 'none')}"
        )

    if data.shape[1:] != record.factual.shape[1:]:
        raise ValueError(
            f"data must be like the record's, {tuple(record.factual.shape[1:])}, got "
            f"{tuple(data.shape[1:])}"
        )

    targets: Tensor = record.target.long().unique().to(labels)
    missing = targets[~torch.isin(targets, labels)].tolist()

    if missing:
        raise ValueError(
            f"data must have references of each target class, got none of {missing[0]}"
        )

    return targets


def _round_trip(coordinates: Coordinates) -> Callable[[Data], Scores]:
    def closeness(x: Data) -> Scores:
        again = coordinates.decode(coordinates.encode(x))
        score: Scores = -torch.linalg.vector_norm((again - x).flatten(1), dim=1)

        return score

    return closeness


def _in_batches(score: Callable[[Data], Scores], x: Data, *, progress: bool) -> Scores:
    found: list[Tensor] = []

    with watch("Ranking", len(x), shown=progress) as bar:
        for part in backing_off(lambda rows: score(_as_real(x[rows])), len(x), BATCH):
            found.append(part)
            bar.update(sum(map(len, found)))

    return torch.cat(found)


def _as_real(x: Data) -> Data:
    """Return images rounded to 8 bits; other data as they are."""

    return to_8_bits(x) if x.ndim == 4 else x
