"""The rows of a direction that reached their answer, and how columns moved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from diffeo.columns import Column
from diffeo.data.features import split_columns, table_of
from diffeo.data.table import Table
from diffeo.report.table_changes import (
    Changes,
    ColumnChanges,
    column_changes,
    table_changes,
)
from diffeo.shapes import Data
from diffeo.workflows.audit.explained import Explained
from diffeo.workflows.explain.table import TableToExplain

__all__ = ["FEWEST", "MovedRows"]

FEWEST = 30  # rows of which deviations are taken


@dataclass(frozen=True, eq=False)
class MovedRows:
    """Rows that reached their answer.

    Args:
        before: The rows as they were.
        after: What became of them.
        columns: Their columns, with deviations among rows that were held out.
        points: Changes of features over these, shape (rows, features); that of another
            category has length 1.

    Example:
        >>> table = Table(("age",), (("31",),)), Table(("age",), (("41",),))
        >>> columns, points = [Column("age", scale=5.0)], torch.tensor([[2.0]])
        >>> moved = MovedRows(*table, columns, points)
        >>> moved.figures["age"]["deviations"], moved.shares
        (2.0, {'age': {'change': 1.0, 'area': 1.0}})
    """

    before: Table
    after: Table
    columns: Sequence[Column]
    points: Tensor

    @classmethod
    def of(cls, explained: Explained, table: TableToExplain) -> "MovedRows":
        """Return what became of the rows of a direction.

        Args:
            explained: The direction.
            table: The whole table, and its flow.
        """

        found = explained.found
        columns = _apart(table.flow.columns, explained.held_out.double())
        rows = explained.direction.rows[explained.record.reached]
        before = table.table.select(rows.tolist())
        after = table_of(found.counterfactual, columns, before)
        points = (found.counterfactual - found.factual) * _weights(columns)

        return cls(before, after, columns, points)

    @cached_property
    def changes(self) -> list[Changes]:
        """What changed in each row."""

        return table_changes(self.before, self.after, self.columns)

    @property
    def figures(self) -> dict[str, dict[str, Any]]:
        """How each column moved, as JSON can hold it; what moved most comes first."""

        return {
            each.column.name: _figures(each)
            for each in column_changes(self.changes, self.columns)
        }

    @property
    def shares(self) -> dict[str, dict[str, float]]:
        """The share of the change in each column, and the column's of all columns."""

        parts = split_columns(self.points, self.columns)
        sizes = torch.stack([part.norm(dim=1) for part in parts]).double()
        shares = (sizes / sizes.sum(0).clamp(min=1e-12)).mean(1).tolist()
        found = zip((each.name for each in self.columns), shares, strict=True)

        return {
            name: {"change": share, "area": 1 / len(shares)}
            for name, share in sorted(found, key=lambda each: -each[1])
        }


def _apart(columns: Sequence[Column], rows: Data) -> list[Column]:
    """Return columns with their deviations in some rows, if these are enough."""

    if len(rows) < FEWEST:
        return list(columns)

    return [
        column
        if column.categories
        else replace(column, scale=part.std().item() or column.scale)
        for column, part in zip(columns, split_columns(rows, columns), strict=True)
    ]


def _weights(columns: Sequence[Column]) -> Tensor:
    """Return by what the change of each feature is multiplied."""

    return torch.tensor(
        [
            0.5**0.5 if column.categories else 1 / column.scale
            for column in columns
            for _ in column.features
        ]
    )


def _figures(found: ColumnChanges) -> dict[str, Any]:
    moved = {"moved": len(found.cells) / found.rows}

    if found.column.categories:
        names = "from", "to", "rows"

        return moved | {
            "commonest": [
                dict(zip(names, each, strict=True)) for each in found.commonest
            ]
        }

    return moved | {
        "rose": found.rose,
        "fell": len(found.cells) - found.rose,
        "median": found.median,
        "deviations": found.deviations,
        "deviation": found.column.scale,
    }
