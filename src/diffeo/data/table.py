"""Tables as text: read, told and written cell by cell."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from diffeo.data.parquet import read_parquet
from diffeo.files import write_csv

__all__ = ["Table", "is_table", "read_table"]

PARQUET = ".parquet"
SUFFIXES = (".csv", ".tsv", PARQUET)
MISSING = {"", "?", "na", "n/a", "nan", "null"}


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

        place = self._place(name)
        cells = tuple(row[place] for row in self.rows)

        for number, cell in enumerate(cells, 1):
            if cell.lower() in MISSING:
                raise ValueError(
                    f"column {name} must have a value in each row, got {cell!r} in row "
                    f"{number}"
                )

        return cells

    def kinds(self, name: str) -> tuple[str, ...]:
        """Return the different cells of a column, sorted: whole numbers by value.

        Raises:
            ValueError: If there is no such column, or a cell is missing.
        """

        found = set(self.cells(name))

        return tuple(sorted(found, key=int if all(map(str.isdecimal, found)) else None))

    def without(self, names: Sequence[str]) -> "Table":
        """Return the table without some columns.

        Raises:
            ValueError: If there is no such column, or no column is left.
        """

        dropped = set(map(self._place, names))
        kept = [place for place in range(len(self.names)) if place not in dropped]

        if not kept:
            raise ValueError(f"a column must be left, got {', '.join(names)} dropped")

        return Table(
            tuple(self.names[place] for place in kept),
            tuple(tuple(row[place] for place in kept) for row in self.rows),
        )

    def select(self, rows: Iterable[int]) -> "Table":
        """Return the table of some rows, by their places from 0 on."""

        return Table(self.names, tuple(self.rows[row] for row in rows))

    def save(self, path: Path) -> None:
        """Write a CSV file, complete or not at all."""

        write_csv(path, [self.names, *self.rows])

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise ValueError(
                f"the table must have a column {name}, got {', '.join(self.names)}"
            )

        return self.names.index(name)


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
        lines = read_parquet(path) if kind == "Parquet" else _read_csv(path)
        names, rows = lines[0] if lines else (), lines[1:]
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
