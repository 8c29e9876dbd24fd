"""Tables as a model sees them: numbers as they are, categories one-hot."""

import math
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import numpy as np
import torch
from torch import Tensor

from diffeo.columns import Column
from diffeo.data.table import Table
from diffeo.shapes import Data

__all__ = ["columns_of", "features_of", "split_columns", "table_of", "written"]

MOST_CATEGORIES = 50
MOST_DECIMALS = 6  # more than float32 has for most; such numbers are not rounded


def columns_of(table: Table, categories: Sequence[str] = ()) -> tuple[Column, ...]:
    """Return what is known of each column; one all of numbers is one of numbers.

    Args:
        table: The table.
        categories: Columns whose numbers are categories.

    Raises:
        ValueError: If a cell is missing, a column has too many categories, or there is
            no such column.

    Example:
        >>> table = Table(("age", "color"), (("31", "red"), ("7", "blue")))
        >>> [column.categories for column in columns_of(table)]
        [(), ('blue', 'red')]
    """

    for name in categories:
        table.cells(name)

    return tuple(
        _column_of_categories(name, cells)
        if name in categories or not all(map(_is_number, cells))
        else _column_of_numbers(name, cells)
        for name in table.names
        for cells in [table.cells(name)]
    )


def _column_of_numbers(name: str, cells: Sequence[str]) -> Column:
    values = np.array([float(cell) for cell in cells])
    decimals = max(map(_decimals, cells))

    return Column(
        name,
        decimals=decimals if decimals <= MOST_DECIMALS else None,
        mean=values.mean().item(),
        scale=values.std().item() or 1.0,
        low=values.min().item(),
        high=values.max().item(),
    )


def _column_of_categories(name: str, cells: Sequence[str]) -> Column:
    categories = tuple(sorted(set(cells)))

    if len(categories) > MOST_CATEGORIES:
        odd = next((cell for cell in cells if not _is_number(cell)), cells[0])

        raise ValueError(
            f"column {name} must have numbers only, or at most {MOST_CATEGORIES} "
            f"categories, got {len(categories)}, {odd!r} among them; make a number of "
            "it (of a date, say, the days since the first one), or leave it out, as "
            "--target of `diffeo fit` does"
        )

    return Column(name, categories)


def _is_number(cell: str) -> bool:
    try:
        Decimal(cell)  # takes fewer exponents than floats

        return abs(float(cell)) <= torch.finfo(torch.float32).max
    except (ArithmeticError, ValueError):
        return False


def _decimals(cell: str) -> int:
    exponent = Decimal(cell).normalize().as_tuple().exponent

    return max(0, -int(exponent))


def features_of(table: Table, columns: Iterable[Column]) -> Data:
    """Return a table as a model sees it: a row of features for each of its rows.

    Args:
        table: A table with these columns, and perhaps others, which are left out.
        columns: The columns, in the order of the features.

    Returns:
        Shape (rows, features): numbers in their own units, categories one-hot.

    Raises:
        ValueError: If a column is missing, or a cell is missing, no number, or of an
            unknown category.

    Example:
        >>> table = Table(("age", "color"), (("31", "red"), ("7", "blue")))
        >>> features_of(table, columns_of(table))
        tensor([[31.,  0.,  1.],
                [ 7.,  1.,  0.]])
    """

    rows = [torch.tensor(list(_features(table, column))) for column in columns]

    return torch.cat(rows, dim=1)


def _features(table: Table, column: Column) -> Iterator[list[float]]:
    known = column.categories

    for number, cell in enumerate(table.cells(column.name), 1):
        if not (cell in known if known else _is_number(cell)):
            wanted = f"one of {', '.join(known)}" if known else "a number"

            raise ValueError(
                f"column {column.name} must be {wanted}, got {cell!r} in row {number}"
            )

        yield [float(cell == each) for each in known] if known else [float(cell)]


def split_columns(x: Tensor, columns: Sequence[Column]) -> tuple[Tensor, ...]:
    """Return the features of each column.

    Args:
        x: Rows of features.
        columns: The columns, in order.

    Example:
        >>> columns = Column("age"), Column("color", ("blue", "red"))
        >>> [part.shape for part in split_columns(torch.zeros(5, 3), columns)]
        [torch.Size([5, 1]), torch.Size([5, 2])]
    """

    sizes = [len(column.features) for column in columns]
    parts: tuple[Tensor, ...] = x.split(sizes, dim=1)

    return parts


def table_of(x: Data, columns: Sequence[Column], like: Table) -> Table:
    """Return the table that rows of features say; `features_of` undoes it exactly.

    Args:
        x: Shape (rows, features), as `features_of` returns them.
        columns: The columns.
        like: Where the rows come from. What has not changed stays as it is written
            there.

    Example:
        >>> table = Table(("age", "color"), (("31.0", "red"), ("7.0", "blue")))
        >>> x = torch.tensor([[31.0, 1.0, 0.0], [8.0, 1.0, 0.0]])
        >>> table_of(x, columns_of(table), table).rows
        (('31.0', 'blue'), ('8', 'blue'))
    """

    after = split_columns(x.cpu(), columns)
    before = split_columns(features_of(like, columns).to(x.dtype), columns)
    told: dict[str, list[str]] = {}

    for column, new, old in zip(columns, after, before, strict=True):
        cells = told[column.name] = list(like.cells(column.name))

        for row in (new != old).any(1).nonzero()[:, 0].tolist():
            cells[row] = _text(new[row], column)

    return Table(tuple(told), tuple(zip(*told.values(), strict=True)))


def written(x: Data, columns: Sequence[Column]) -> Table:
    """Return the table that rows of features say, each number with its decimals.

    Args:
        x: Shape (rows, features), as `features_of` returns them.
        columns: The columns. A number with more decimals than its column keeps them.

    Example:
        >>> columns = Column("age", decimals=0), Column("color", ("blue", "red"))
        >>> written(torch.tensor([[31.0, 0.0, 1.0], [7.5, 1.0, 0.0]]), columns).rows
        (('31', 'red'), ('7.5', 'blue'))
    """

    cells = [
        [_text(row, column) for row in part]
        for column, part in zip(columns, split_columns(x.cpu(), columns), strict=True)
    ]
    names = tuple(column.name for column in columns)

    return Table(names, tuple(zip(*cells, strict=True)))


def _text(features: Tensor, column: Column) -> str:
    if column.categories:
        return column.categories[int(features.argmax())]

    value = features.numpy()[0]
    shortest = str(value)  # of those that read as the same number

    if column.decimals is None or not math.isfinite(value):
        return shortest

    text = f"{value:.{column.decimals}f}"

    return text if value.dtype.type(text) == value else shortest
