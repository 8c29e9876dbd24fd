"""What changed in a table, in its own words: in each row, and in all of them."""

import math
from collections.abc import Sequence
from statistics import median

from diffeo.columns import Column
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.features import table_of
from diffeo.data.table import Table

__all__ = ["Changes", "changes_in_words", "columns_table", "table_changes"]

Changes = list[tuple[str, str, str, float]]
"""What changed in a row: column, from, to, and by how many standard deviations."""

HEAD = ("column", "changed in", "rose", "fell", "median change in standard deviations")


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
    table: Table, columns: Sequence[Column], record: Counterfactuals, row: int
) -> list[tuple[str, str, str, str]]:
    """Return what changed in a row of a record, the size in deviations σ as text.

    Args:
        table: The rows that were explained, as they are written.
        columns: Its columns, in the order of the features.
        record: Of the first of these rows.
        row: Number of the row.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> from diffeo.data.features import columns_of, features_of
        >>> table = Table(("age",), (("31",), ("7",)))
        >>> columns = columns_of(table)
        >>> x = features_of(table, columns)
        >>> record = search(x, lambda x: x[:, 0], AtLeast(40.0), Identity((1,)))
        >>> changes_in_words(table, columns, record, 0)[0][:2]
        ('age', '31')
    """

    before = Table(table.names, (table.rows[row],))
    after = table_of(record.counterfactual[row : row + 1], columns, before)

    return [
        (name, old, new, f"{size:+.2f} σ" if math.isfinite(size) else "")
        for name, old, new, size in table_changes(before, after, columns)[0]
    ]


def columns_table(
    changes: Sequence[Changes], columns: Sequence[Column]
) -> list[tuple[str, ...]]:
    """Return a table of columns, those that changed most on the average first.

    Another category counts as one standard deviation.

    Args:
        changes: Those of each row.
        columns: The columns.

    Example:
        >>> changes = [[("age", "31", "40", 0.9)], [("age", "7", "9", 0.2)], []]
        >>> columns_table(changes, [Column("age")])[1]
        ('age', '2 of 3', '2', '0', '+0.20')
    """

    lines: list[tuple[float, tuple[str, ...]]] = []

    for column in columns:
        sizes = [
            size for row in changes for name, *_, size in row if name == column.name
        ]
        count = f"{len(sizes)} of {len(changes)}"

        if column.categories:
            lines.append((len(sizes), (column.name, count, "", "", "")))
        else:
            rose = sum(size > 0 for size in sizes)
            middle = median(sizes + [0.0] * (len(changes) - len(sizes)))
            cells = str(rose), str(len(sizes) - rose), f"{middle:+.2f}"
            lines.append((sum(map(abs, sizes)), (column.name, count, *cells)))

    return [HEAD, *(cells for _, cells in sorted(lines, key=lambda line: -line[0]))]
