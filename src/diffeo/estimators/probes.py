"""Rows that tell what is done to each column of a table."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from diffeo.columns import Column

__all__ = ["probes"]

EACH = 4  # rows for each feature, beside some more
MORE = 100


def probes(columns: Sequence[Column]) -> Float[Tensor, "rows features"]:
    """Return rows that hold each category, and numbers from the least to the greatest.

    Each column is spread evenly over the rows, in an order of its own.

    Args:
        columns: The columns of the table.

    Example:
        >>> columns = Column("age", decimals=0, high=99.0), Column("sex", ("f", "m"))
        >>> x = probes(columns)
        >>> x.amin(0).tolist(), x.amax(0).tolist()
        ([0.0, 0.0, 0.0], [99.0, 1.0, 1.0])
    """

    generator = torch.Generator().manual_seed(0)
    rows = MORE + EACH * sum(len(column.features) for column in columns)

    def spread(column: Column) -> Tensor:
        places = torch.randperm(rows, generator=generator)

        if column.categories:
            kinds = len(column.categories)

            return functional.one_hot(places % kinds, kinds).double()

        share = places.double()[:, None] / (rows - 1)
        numbers = column.low + share * (column.high - column.low)

        if column.decimals is None:
            return numbers

        return numbers.round(decimals=column.decimals)

    return torch.cat([spread(column) for column in columns], dim=1)
