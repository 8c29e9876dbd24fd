"""What changed in the rows of a table, in the table's own words."""

import math
from collections.abc import Sequence

from diffeo.columns import Column
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.features import table_of
from diffeo.data.table import Table

__all__ = ["column_changes"]


def column_changes(
    table: Table, columns: Sequence[Column], record: Counterfactuals, row: int
) -> list[tuple[str, str, str, str]]:
    """Return the columns that changed in a row, those first that changed most.

    Args:
        table: The rows that were explained, as they are written.
        columns: Its columns, in the order of the features.
        record: Of the first of these rows.
        row: Number of the row.

    Returns:
        Name of the column, cell before, cell after, and by how many of the column's
        standard deviations σ; categories come first, without a number.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> from diffeo.data.features import columns_of, features_of
        >>> table = Table(("age",), (("31",), ("7",)))
        >>> columns = columns_of(table)
        >>> x = features_of(table, columns)
        >>> record = search(x, lambda x: x[:, 0], AtLeast(40.0), Identity((1,)))
        >>> column_changes(table, columns, record, 0)[0][:2]
        ('age', '31')
    """

    before = Table(table.names, (table.rows[row],))
    after = table_of(record.counterfactual[row : row + 1], columns, before)
    changes = []

    for column in columns:
        old, new = (
            cells for each in (before, after) for cells in each.cells(column.name)
        )

        if old != new and column.categories:
            changes.append((math.inf, (column.name, old, new, "")))
        elif old != new:
            size = (float(new) - float(old)) / column.scale
            changes.append((abs(size), (column.name, old, new, f"{size:+.2f} σ")))

    return [told for _, told in sorted(changes, key=lambda each: -each[0])]
