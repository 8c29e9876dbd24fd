"""Records made of others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import torch

from diffeo.counterfactuals.fields import fields_of
from diffeo.counterfactuals.record import Counterfactuals
from diffeo.shapes import Flags

__all__ = ["choose", "concatenate"]

T = TypeVar("T")


def concatenate(records: Sequence[Counterfactuals]) -> Counterfactuals:
    """Return the rows of all records, one record after the other.

    Args:
        records: At least one; names, paths and each statement are kept if all have
            them.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> one, two = (
        ...     search(x, lambda x: x.sum(1), AtLeast(1.0), Identity((2,)))
        ...     for x in (torch.zeros(1, 2), torch.zeros(2, 2))
        ... )
        >>> len(concatenate([one, two]))
        3
    """

    tensors = [record.tensors() for record in records]
    joined = {
        name: torch.cat([value[name] for value in tensors])
        for name in tensors[0]
        if all(name in value for value in tensors)
    }

    return replace(
        records[0],
        **fields_of(joined),
        names=_all([record.names for record in records]),
        paths=_all([record.paths for record in records]),
    )


def choose(
    first: Flags, record: Counterfactuals, other: Counterfactuals
) -> Counterfactuals:
    """Return each row from the first record where flagged, else from the other.

    Args:
        first: A flag for each row.
        record: Where flagged rows come from.
        other: A record of the same rows.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> low, high = (
        ...     search(torch.zeros(2, 2), lambda x: x.sum(1), goal, Identity((2,)))
        ...     for goal in (AtLeast(1.0), AtLeast(5.0))
        ... )
        >>> choose(torch.tensor([True, False]), low, high).target
        tensor([1., 5.])
    """

    row = torch.arange(len(record), device=first.device)

    return concatenate([record, other]).select(torch.where(first, row, row + len(row)))


def _all(parts: Sequence[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(entry for part in parts for entry in part) if all(parts) else ()
