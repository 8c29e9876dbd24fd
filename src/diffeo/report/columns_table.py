"""How often, and by how much, the columns of a table changed in all rows."""

from collections.abc import Sequence
from statistics import median

from diffeo.columns import Column

__all__ = ["Changes", "columns_table"]

Changes = list[tuple[str, str, str, float]]
"""What changed in a row: column, from, to, and by how many standard deviations."""

HEAD = ("column", "changed in", "rose", "fell", "median change in standard deviations")


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
