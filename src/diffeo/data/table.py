"""Tables of numbers and categories, as text and as rows of floats."""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from diffeo.columns import Column
from diffeo.data.parquet import read_parquet
from diffeo.files import write_atomically
from diffeo.shapes import Data

__all__ = ["Table", "columns_of", "features_of", "is_table", "read_table", "table_of"]

PARQUET = ".parquet"
SUFFIXES = (".csv", ".tsv", PARQUET)
MISSING = {"", "?", "na", "n/a", "nan", "null"}
MOST_CATEGORIES = 50
MOST_DECIMALS = 6  # more than float32 has for most; such numbers are not rounded


@dataclass(frozen=True)
class Table:
    """The cells of a table as they were written, in their own units.

    Args:
        names: Names of the columns.
        rows: The cells of each row.

    Example:
        >>> Table(("age", "color"), (("31", "red"), ("7", "blue"))).cells("age")
        ('31', '7')
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        """Return the number of rows."""

        return len(self.rows)

    def cells(self, name: str) -> tuple[str, ...]:
        """Return the cells of a column, none of them missing.

        Raises:
            ValueError: If there is no such column, or a cell is missing.
        """

        if name not in self.names:
            raise ValueError(
                f"the table must have a column {name}, got {', '.join(self.names)}"
            )

        place = self.names.index(name)
        cells = tuple(row[place] for row in self.rows)

        for number, cell in enumerate(cells, 1):
            if cell.lower() in MISSING:
                raise ValueError(
                    f"column {name} must have a value in each row, got {cell!r} in row "
                    f"{number}"
                )

        return cells

    def without(self, names: Sequence[str]) -> "Table":
        """Return the table without some columns.

        Raises:
            ValueError: If there is no such column, or no column is left.
        """

        for name in names:
            self.cells(name)

        kept = [place for place, name in enumerate(self.names) if name not in names]

        if not kept:
            raise ValueError(f"a column must be left, got {', '.join(names)} dropped")

        return Table(
            tuple(self.names[place] for place in kept),
            tuple(tuple(row[place] for place in kept) for row in self.rows),
        )

    def save(self, path: Path) -> None:
        """Write a CSV file, complete or not at all."""

        def write(draft: Path) -> None:
            with draft.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([self.names, *self.rows])

        write_atomically(path, write)


def is_table(text: str) -> bool:
    """Return whether a path is called as a table is.

    Example:
        >>> is_table("people.csv"), is_table("faces")
        (True, False)
    """

    return Path(text).suffix.lower() in SUFFIXES


def read_table(path: str | Path, *, limit: int | None = None) -> Table:
    """Read a table: a CSV file, or a Parquet file if its name ends in .parquet.

    A CSV file is UTF-8 text: names of columns in its first line, then a line for each
    row; cells are separated by commas, or by semicolons or tabs if the first line has
    more of these.

    Args:
        path: The file.
        limit: Take only the first so many rows.

    Raises:
        FileNotFoundError: If there is no such file.
        ModuleNotFoundError: If the package that reads Parquet files is not installed.
        ValueError: If it is no such file, or the limit is below 1.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Table(("age",), (("31",), ("7",))).save(Path(folder, "people.csv"))
        ...     read_table(Path(folder, "people.csv"))
        Table(names=('age',), rows=(('31',), ('7',)))
    """

    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")

    path = Path(path)
    kind = "Parquet" if path.suffix.lower() == PARQUET else "CSV"

    if not path.is_file():
        raise FileNotFoundError(f"a table must be a {kind} file, got {path}")

    try:
        names, *rows = read_parquet(path) if kind == "Parquet" else _read_csv(path)
        _check(names, rows)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise ValueError(
            f"a table must be a {kind} file, got {path}: {error}"
        ) from None

    return Table(names, tuple(rows[:limit]))


def _read_csv(path: Path) -> list[tuple[str, ...]]:
    text = path.read_text(encoding="utf-8-sig")
    head = text.partition("\n")[0]
    lines = csv.reader(
        text.splitlines(keepends=True), delimiter=max(",;\t", key=head.count)
    )

    return [tuple(map(str.strip, line)) for line in lines if line]


def _check(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    if not rows:
        raise ValueError("a table must have rows below its names, got none")

    if len(set(names)) < len(names) or "" in names:
        raise ValueError(
            f"columns must have different names, got {', '.join(map(repr, names))}"
        )

    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise ValueError(
                f"row {number} must have a cell for each of {len(names)} columns, got "
                f"{len(row)}"
            )


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
            f"categories, got {len(categories)}, {odd!r} among them"
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

    widths = [len(column.features) for column in columns]
    parts = zip(
        columns,
        x.cpu().split(widths, dim=1),
        features_of(like, columns).to(x.dtype).split(widths, dim=1),
        strict=True,
    )
    told = [
        [
            cell if same else _text(features, column)
            for cell, same, features in zip(
                like.cells(column.name), (new == old).all(1).tolist(), new, strict=True
            )
        ]
        for column, new, old in parts
    ]

    return Table(
        tuple(column.name for column in columns), tuple(zip(*told, strict=True))
    )


def _text(features: Tensor, column: Column) -> str:
    if column.categories:
        return column.categories[int(features.argmax())]

    if column.decimals is None or not math.isfinite(features.item()):
        return str(features.numpy()[0])  # the shortest that reads as the same number

    return f"{features.item():.{column.decimals}f}"
