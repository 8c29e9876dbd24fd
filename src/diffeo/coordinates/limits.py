"""Which columns of a table may change, and how."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.columns import Column
from diffeo.coordinates.conditional import Conditional
from diffeo.coordinates.masked import Masked
from diffeo.coordinates.monotone import Monotone
from diffeo.coordinates.pinned import Pinned
from diffeo.coordinates.protocol import Coordinates

__all__ = ["ColumnLimits", "names_in"]


@dataclass(frozen=True)
class ColumnLimits:
    """Columns that must not change, or in one direction only.

    Args:
        frozen: Columns that stay as they are, to the last bit.
        only_up: Columns of numbers that must not fall.
        only_down: Columns of numbers that must not rise.

    Example:
        >>> ColumnLimits.of("age,sex", "education", None)
        ColumnLimits(frozen=('age', 'sex'), only_up=('education',), only_down=())
    """

    frozen: tuple[str, ...] = ()
    only_up: tuple[str, ...] = ()
    only_down: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, frozen: str | None, only_up: str | None, only_down: str | None
    ) -> "ColumnLimits":
        """Return what options say: names with commas between them, or nothing."""

        return cls(*map(names_in, (frozen, only_up, only_down)))

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that are limited, each once."""

        every = self.frozen + self.only_up + self.only_down

        return tuple(dict.fromkeys(every))

    def applied(self, coordinates: Coordinates) -> Coordinates:
        """Return coordinates that decode within the limits.

        Args:
            coordinates: A flow that was fitted to a table.

        Raises:
            ValueError: If they are of something else, there is no such column, or no
                order in it.
        """

        from diffeo.coordinates.table import as_table_flow

        flow = as_table_flow(coordinates)
        pinned, given = flow.leading(self.frozen), flow.deciding(self.names)
        place: Coordinates = Pinned(flow, pinned) if pinned else flow
        frozen, up, down = (
            _features(flow.columns, names, ordered=ordered).to(flow.factor.device)
            for names, ordered in (
                (self.frozen, False),
                (self.only_up, True),
                (self.only_down, True),
            )
        )

        if given > pinned:
            order = flow.order[:given]
            place = Conditional(place, up | frozen, down | frozen, order)

        if up.any() or down.any():
            place = Monotone(place, up, down)

        return Masked(place, ~frozen) if frozen.any() else place


def names_in(text: str | None) -> tuple[str, ...]:
    """Return the names in a text, which commas separate; none if it is None.

    Example:
        >>> names_in("age, sex")
        ('age', 'sex')
    """

    return tuple(map(str.strip, text.split(","))) if text else ()


def _features(
    columns: Sequence[Column], names: Sequence[str], *, ordered: bool
) -> Tensor:
    """Return flags of the features of some columns."""

    known = {column.name: column for column in columns}

    for name in names:
        if name not in known:
            raise ValueError(f"a column must be one of {', '.join(known)}, got {name}")

        if ordered and known[name].categories:
            raise ValueError(
                f"only columns of numbers can go up or down, got {name}, of categories"
            )

    return torch.tensor(
        [column.name in names for column in columns for _ in column.features]
    )
