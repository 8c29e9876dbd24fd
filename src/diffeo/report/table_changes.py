"""What changed in a table, in its own words: in each row, and in all of them."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import torch

from diffeo.columns import Column
from diffeo.counterfactuals import Counterfactuals
from diffeo.counterfactuals.told import columns_in
from diffeo.data.features import written
from diffeo.data.table import Table
from diffeo.report.section import Section

__all__ = [
    "Changes",
    "ColumnChanges",
    "changes_in_words",
    "column_changes",
    "columns_section",
    "columns_table",
    "in_words",
    "table_changes",
]

Changes = list[tuple[str, str, str, float]]
"""What changed in a row: column, from, to, and by how many standard deviations."""

HEAD = (
    "column",
    "changed in",
    "rose",
    "fell",
    "median change, or the commonest",
    "in standard deviations",
)
COMMONEST = 3  # changes from one category to another that are told


def table_changes(
    before: Table, after: Table, columns: Sequence[Column]
) -> list[Changes]:
    """Return what changed in each row, by the size of the change.

    Args:
        before: The rows that were explained.
        after: What became of them.
        columns: Their columns; the change of a category is infinite.

    Example:
        >>> columns = Column("age", scale=5.0), Column("color", ("blue", "red"))
        >>> names = tuple(column.name for column in columns)
        >>> old, new = Table(names, (("31", "red"),)), Table(names, (("41", "blue"),))
        >>> table_changes(old, new, columns)
        [[('color', 'red', 'blue', inf), ('age', '31', '41', 2.0)]]
    """

    changes: list[Changes] = [[] for _ in before.rows]

    for column in columns:
        cells = before.cells(column.name), after.cells(column.name)

        for found, old, new in zip(changes, *cells, strict=True):
            if old != new and column.categories:
                found.append((column.name, old, new, math.inf))
            elif old != new:
                size = (float(new) - float(old)) / column.scale
                found.append((column.name, old, new, size))

    return [sorted(found, key=lambda each: -abs(each[3])) for found in changes]


def changes_in_words(
    record: Counterfactuals, row: int
) -> list[tuple[str, str, str, str]]:
    """Return what changed in a row of a record, the size in deviations σ as text.

    Args:
        record: Of a table, whose columns it knows.
        row: Number of the row.

    Example:
        >>> from dataclasses import replace
        >>> from diffeo import AtLeast, Identity, search
        >>> from diffeo.counterfactuals.told import settings_of_columns
        >>> x, columns = torch.tensor([[31.0], [7.0]]), [Column("age", decimals=0)]
        >>> record = search(x, lambda x: x[:, 0], AtLeast(40.0), Identity((1,)))
        >>> record = replace(record, settings=settings_of_columns(columns))
        >>> changes_in_words(record, 0)[0][:2]
        ('age', '31')
    """

    return in_words(changes_of(record.select(torch.tensor([row])))[0])


def changes_of(record: Counterfactuals) -> list[Changes]:
    """Return what changed in each row of a record of a table."""

    columns = columns_in(record.settings)
    before, after = (
        written(x, columns) for x in (record.factual, record.counterfactual)
    )

    return table_changes(before, after, columns)


def columns_section(record: Counterfactuals, name: str = "") -> Section:
    """Return what changed in all rows of a table that reached their target.

    Args:
        record: Of a table, whose columns it knows.
        name: What it is called; empty if it is the only one.

    Example:
        >>> from dataclasses import replace
        >>> from diffeo import AtLeast, Identity, search
        >>> from diffeo.counterfactuals.told import settings_of_columns
        >>> x, columns = torch.tensor([[31.0], [7.0]]), [Column("age", decimals=0)]
        >>> record = search(x, lambda x: x[:, 0], AtLeast(40.0), Identity((1,)))
        >>> record = replace(record, settings=settings_of_columns(columns))
        >>> columns_section(record).table[1][:2]
        ('age', '2 of 2')
    """

    found = record.select(record.reached)
    typical = found.statements.get("typical_after")
    told = "not known" if typical is None else str(int((typical == 0).sum()))
    title = "Columns, where the target was reached"

    return Section(
        f"{title}: {name}" if name else title,
        [f"Of these {len(found)} results not typical of the table: {told}."],
        columns_table(changes_of(found), columns_in(record.settings)),
    )


def in_words(changes: Changes) -> list[tuple[str, str, str, str]]:
    """Return the changes of a row, their sizes in deviations σ as text.

    Args:
        changes: As `table_changes` returns them; another category has no size.

    Example:
        >>> in_words([("age", "31", "41", 2.0), ("color", "red", "blue", math.inf)])
        [('age', '31', '41', '+2.00 σ'), ('color', 'red', 'blue', '')]
    """

    return [
        (name, old, new, f"{size:+.2f} σ" if math.isfinite(size) else "")
        for name, old, new, size in changes
    ]


@dataclass(frozen=True)
class ColumnChanges:
    """How a column changed in many rows.

    Args:
        column: The column.
        rows: How many rows there are.
        cells: From, to, and by how many standard deviations, where it changed.

    Example:
        >>> cells = ("31", "40", 0.9), ("7", "9", 0.2)
        >>> found = ColumnChanges(Column("age", decimals=0), 3, cells)
        >>> found.median, found.deviations, found.rose
        (2.0, 0.2, 2)
    """

    column: Column
    rows: int
    cells: tuple[tuple[str, str, float], ...]

    @property
    def rose(self) -> int:
        """In how many rows a number rose."""

        return sum(size > 0 for *_, size in self.cells)

    @property
    def median(self) -> float:
        """Median change of a number over all rows, in its own units."""

        return self._median([float(new) - float(old) for old, new, _ in self.cells])

    @property
    def deviations(self) -> float:
        """The same in standard deviations."""

        return self._median([size for *_, size in self.cells])

    @property
    def size(self) -> float:
        """Sum of the sizes of all changes; another category counts as one deviation."""

        return sum(abs(size) if math.isfinite(size) else 1.0 for *_, size in self.cells)

    @property
    def commonest(self) -> list[tuple[str, str, int]]:
        """From what to what categories changed and how often, the commonest first."""

        counted = Counter((old, new) for old, new, _ in self.cells)

        return [(*cells, count) for cells, count in counted.most_common()]

    @property
    def in_words(self) -> str:
        """The median of a number with its sign, or the commonest of categories."""

        if not self.column.categories:
            decimals = self.column.decimals

            return (
                f"{self.median:+.4g}"
                if decimals is None
                else f"{self.median:+.{decimals}f}"
            )

        named = [f"{old} → {new} ({count})" for old, new, count in self.commonest]

        return ", ".join(named[:COMMONEST])

    def _median(self, sizes: list[float]) -> float:
        return median(sizes + [0.0] * (self.rows - len(sizes)))


def column_changes(
    changes: Sequence[Changes], columns: Sequence[Column]
) -> list[ColumnChanges]:
    """Return how each column changed, those that changed most on the average first.

    Args:
        changes: Those of each row.
        columns: The columns.

    Example:
        >>> changes = [[("age", "31", "40", 0.9)], [("age", "7", "9", 0.2)], []]
        >>> [found.rose for found in column_changes(changes, [Column("age")])]
        [2]
    """

    found = [
        ColumnChanges(
            column,
            len(changes),
            tuple(
                (old, new, size)
                for row in changes
                for name, old, new, size in row
                if name == column.name
            ),
        )
        for column in columns
    ]

    return sorted(found, key=lambda each: -each.size)


def columns_table(
    changes: Sequence[Changes], columns: Sequence[Column]
) -> list[tuple[str, ...]]:
    """Return a table of columns, those that changed most on the average first.

    Another category counts as one standard deviation. Of no rows there is no table.

    Args:
        changes: Those of each row.
        columns: The columns.

    Example:
        >>> changes = [[("age", "31", "40", 0.9)], [("age", "7", "9", 0.2)], []]
        >>> columns_table(changes, [Column("age", decimals=0)])[1]
        ('age', '2 of 3', '2', '0', '+2', '+0.20')
    """

    if not changes:
        return []

    lines: list[tuple[str, ...]] = [HEAD]

    for found in column_changes(changes, columns):
        count, rose = len(found.cells), found.rose
        numbers = str(rose), str(count - rose), f"{found.deviations:+.2f}"
        ups, downs, deviations = ("", "", "") if found.column.categories else numbers
        cells = f"{count} of {found.rows}", ups, downs, found.in_words, deviations
        lines.append((found.column.name, *cells))

    return lines
