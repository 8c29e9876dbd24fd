"""How typical counterfactuals are, as ranks among real data of their class."""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from diffeo.batching import backing_off
from diffeo.coordinates.protocol import Coordinates, is_exact
from diffeo.coordinates.wrapping import density_of
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.levels import to_8_bits
from diffeo.progress import watch
from diffeo.shapes import Data, Flags, Scores

__all__ = ["check_references", "typicality"]

BATCH = 100
References = Float[Tensor, "references *data"]
Labels = Int[Tensor, " references"]
Targets = Int[Tensor, " targets"]


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

    By the log-density, where the coordinates know one; and by the error of the round
    trip through them, where they know none, and beside the other rank of each row whose
    input they decode approximately: the density is that of a reconstruction then. The
    round trip is that of a record's reconstruction, without what coordinates remember
    of a row: with it, those of a `Residual` would lose nothing of any datum.

    Images are rounded to 8 bits before, as real ones are; a density is taken at the
    pixels themselves, which are the centers of their bins. The rank compares; it
    guarantees no coverage, and a density can be greater than that of all real data
    without a datum being like them, or the same in another class.

    Args:
        record: Of a search for classes.
        coordinates: Any; best those that were searched.
        data: Real data that the coordinates were not trained on.
        labels: The class of each of these.
        progress: Whether to show a bar.

    Returns:
        The record with the statements "typicality_rank", the number of references of
        greater density; "round_trip_rank", that of references of smaller error, if not
        all rows are exact or no density is known; and "references", their number in
        all. A rank is NaN where the point is not finite; that by errors also in rows
        that are exact, if a density is known.

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

    if not record.is_of_classes:
        raise ValueError(
            "the record must be of a search for classes, got one for "
            f"{record.objective.get('name', 'none')}"
        )

    check_references(record.factual, data, labels, record.target.long().unique())
    density, every = density_of(coordinates), torch.ones_like(record.exact)
    round_trip = partial(_closeness, coordinates)
    ways: dict[str, tuple[Callable[[Data], Scores], Flags]] = {}

    if density is None:
        ways["round_trip_rank"] = round_trip, every
    else:
        ways["typicality_rank"] = density, every

        if not is_exact(coordinates) and not record.exact.all():
            ways["round_trip_rank"] = round_trip, ~record.exact

    stated: dict[str, Scores] = {}

    for name, (score, rows) in ways.items():
        ranks = _ranks(record.select(rows), score, data, labels, progress=progress)
        stated[name] = torch.full_like(record.margin, torch.nan)
        stated[name][rows] = ranks.to(record.margin)

    of_class = record.target.long()[:, None] == labels.to(record.target.device)

    return record.stating({**stated, "references": of_class.sum(1).to(record.margin)})


def check_references(x: Tensor, data: Tensor, labels: Labels, targets: Targets) -> None:
    """Refuse data that rows cannot be ranked among.

    Args:
        x: Some of the data that are explained, of any shape.
        data: Real data, of whatever shape.
        labels: The class of each of these.
        targets: Classes that rows are ranked among.

    Raises:
        ValueError: If they are of another shape, or a class has no reference.

    Example:
        >>> x, labels = torch.zeros(2, 3), torch.tensor([0, 1])
        >>> check_references(x, x, labels, torch.tensor([9]))
        Traceback (most recent call last):
        ValueError: data must have references of each target class, got none of 9
    """

    if data.shape[1:] != x.shape[1:]:
        raise ValueError(
            f"references must be like the data, {tuple(x.shape[1:])}, got "
            f"{tuple(data.shape[1:])}"
        )

    missing = targets[~torch.isin(targets, labels.to(targets))].tolist()

    if missing:
        raise ValueError(
            f"data must have references of each target class, got none of {missing[0]}"
        )


def _ranks(
    record: Counterfactuals,
    score: Callable[[Data], Scores],
    data: References,
    labels: Labels,
    *,
    progress: bool,
) -> Scores:
    """Return how many references of its class have a greater score than each row."""

    x, target = record.counterfactual, record.target.long()
    known = torch.isin(labels, target.to(labels))
    every = torch.cat((x, data[known].to(x)))
    scores = _in_batches(score, every, progress=progress)
    own, real = scores[: len(x)], scores[len(x) :]
    of_class = target[:, None] == labels[known].to(x.device)
    rank = (of_class & (real > own[:, None])).sum(1).to(own.dtype)

    return rank.where(own.isfinite(), torch.nan)


def _closeness(coordinates: Coordinates, x: Data) -> Scores:
    """Return the error of the round trip of data, below 0."""

    again = coordinates.decode(coordinates.encode(x))
    score: Scores = -torch.linalg.vector_norm((again - x).flatten(1), dim=1)

    return score


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
