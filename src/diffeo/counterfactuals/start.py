"""The data at which the search of each row began."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import torch

from diffeo.shapes import Data, Flags

if TYPE_CHECKING:
    from diffeo.counterfactuals.record import Counterfactuals

__all__ = ["decoded_exactly", "keeps_what_is_lost", "start_of"]

EXACT = 1e-3  # of 1, or of a larger value: by so much an exact round trip may miss
KEEPING, MASKING = "Residual", "Masked"  # as coordinates are called in settings


def start_of(record: "Counterfactuals") -> Data:
    """Return from what the change of each row is counted: where its search began.

    It is the input where coordinates lose nothing of it, or keep what they lose, and
    else the reconstruction: what differs between these two was lost before the search,
    and is no change that the model asked for. What a mask held as it was in the input
    began there too.

    Source: Dombrowski et al., 2024, Figures 9 and 10, for differences to what was
    decoded.

    Args:
        record: Of any rows.

    Example:
        >>> from diffeo import AtLeast, principal_axes, search
        >>> x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
        >>> place, x = principal_axes(x, count=1), torch.tensor([[1.0, 5.0]])
        >>> start_of(search(x, lambda x: x[:, 0], AtLeast(3.0), place)).round()
        tensor([[1., 0.]])
    """

    if keeps_what_is_lost(record.settings):
        return record.factual

    rows = record.exact.reshape(-1, *(1,) * (record.factual.ndim - 1))
    kept = rows.expand_as(record.factual)

    if "mask" in record.settings or MASKING in _coordinates(record.settings):
        kept = kept | (record.counterfactual == record.factual)

    return torch.where(kept, record.factual, record.reconstruction)


def decoded_exactly(record: "Counterfactuals") -> Flags:
    """Return which inputs are decoded from their coordinates, but for rounding.

    The counterfactual of another row is one of its reconstruction, unless what was lost
    is kept.

    Args:
        record: Of any rows.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> decoded_exactly(search(x, lambda x: x.sum(1), AtLeast(1.0), place))
        tensor([True, True])
    """

    largest = record.factual.flatten(1).abs().amax(1).clamp_min(1)

    return record.round_trip <= EXACT * largest


def keeps_what_is_lost(settings: Mapping[str, object]) -> bool:
    """Return whether searches began at the inputs in spite of approximate coordinates.

    Args:
        settings: Those of a record.

    Example:
        >>> keeps_what_is_lost({"coordinates": {"name": "Residual"}})
        True
    """

    return settings.get("residual") is True or KEEPING in _coordinates(settings)


def _coordinates(settings: Mapping[str, object]) -> Iterator[object]:
    """Yield the names of the coordinates, from the outermost to those inside."""

    found = settings.get("coordinates")

    while isinstance(found, Mapping):
        yield found.get("name")
        found = found.get("coordinates")
