"""Explain the rows of a table: what is searched, and what is written of it."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from diffeo.coordinates.limits import ColumnLimits
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.features import features_of, table_of
from diffeo.data.images import ImageFiles
from diffeo.data.table import Table, read_table
from diffeo.extras import require
from diffeo.readers.known_model import KnownModel
from diffeo.several import inputs_of
from diffeo.workflows.explain.explanation import draw_explanation
from diffeo.workflows.explain.options import ExplainOptions
from diffeo.workflows.loading import find_coordinates

if TYPE_CHECKING:
    from diffeo.coordinates.table import TableFlow

__all__ = ["TableToExplain"]


@dataclass(frozen=True)
class TableToExplain:
    """A table, and the flow that was fitted to it.

    Args:
        table: The rows, with at least the columns of the flow.
        flow: The flow.
        truth: Column with the true class of each row; none if empty.

    Raises:
        ValueError: If the truth is a column of the flow's.

    Example:
        >>> TableToExplain.read("people.csv", "mnist-flow")
        Traceback (most recent call last):
        ValueError: coordinates of a table must be a flow fitted to one, got Flow
    """

    table: Table
    flow: "TableFlow"
    truth: str = ""

    def __post_init__(self) -> None:
        if self.truth in [column.name for column in self.flow.columns]:
            raise ValueError(
                f"the truth must be a column that the flow was not fitted to, got "
                f"{self.truth}"
            )

    @classmethod
    def read(
        cls, path: str, coordinates: str, *, limit: int | None = None, truth: str = ""
    ) -> "TableToExplain":
        """Read a table and its flow.

        Args:
            path: The table, a CSV or Parquet file.
            coordinates: The flow of the table, by file or function.
            limit: Take only the first so many rows.
            truth: Column with the true class of each row; none if empty.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the coordinates are of no table, or the truth is a column of
                theirs.
        """

        require("zuko", extra="tables")
        from diffeo.coordinates.table import as_table_flow

        flow = as_table_flow(find_coordinates(coordinates, ()))

        return cls(read_table(path, limit=limit), flow, truth)

    @property
    def labels(self) -> tuple[str, ...]:
        """The true class of each row; empty if unknown."""

        return self.table.cells(self.truth) if self.truth else ()

    @property
    def classes(self) -> tuple[str, ...]:
        """What the true classes are called, in order; empty if unknown."""

        return self.table.kinds(self.truth) if self.truth else ()

    @cached_property
    def rows(self) -> ImageFiles:
        """The rows of features, and what each is called.

        Raises:
            ValueError: If the flow is of another table.
        """

        x = features_of(self.table, self.flow.columns)
        names = tuple(f"row {number}" for number in range(1, len(x) + 1))

        return ImageFiles(x, names)

    def select(self, rows: Iterable[int]) -> "TableToExplain":
        """Return the same of some rows, by their places from 0 on."""

        return replace(self, table=self.table.select(rows))

    def models(
        self,
        known: Iterable[KnownModel],
        limits: ColumnLimits,
        *,
        device: str = "cpu",
        seed: int = 0,
    ) -> tuple[list[nn.Module], tuple[str, ...]]:
        """Return models of the rows, each with gradients.

        Args:
            known: Models as they were read; estimators among them are converted, or get
                a surrogate.
            limits: Which columns may change.
            device: Where to compute.
            seed: Seed of the surrogates.

        Returns:
            The models, and sentences to know before their counterfactuals are believed:
            on gradients that are not the first model's own, and on limits that the flow
            was not fitted for.

        Raises:
            ValueError: If an estimator takes other columns than the flow has.
        """

        found: list[tuple[nn.Module, str]] = []

        for each in known:
            if isinstance(each.model, nn.Module):
                found.append((each.module(), ""))
                continue

            require("sklearn", extra="tables")
            from diffeo.estimators.of_table import of_table

            flow = copy.deepcopy(self.flow).to(device)
            x = self.rows.images.to(device)
            found.append(of_table(each.model, flow, x, seed=seed))

        notes = tuple(filter(None, (found[0][1], self._warning(limits))))

        return [model for model, _ in found], notes

    def draw(
        self, record: Counterfactuals, rows: int, options: ExplainOptions, folder: Path
    ) -> None:
        """Write the table of the counterfactuals, in its own units, and a page.

        The lines of the table are those of the record, several of a row one after the
        other.

        Args:
            record: Of the first rows of the table.
            rows: Number of rows that were to be explained.
            options: What was asked for.
            folder: Where to write counterfactuals.csv and report.html.

        Raises:
            ModuleNotFoundError: If packages for the page are not installed.
        """

        before = self.table.select(inputs_of(record).tolist())
        after = table_of(record.counterfactual, self.flow.columns, before)
        after.save(folder / "counterfactuals.csv")
        draw_explanation(record, rows, options, folder)

    def _warning(self, limits: ColumnLimits) -> str:
        """Return which limited columns the flow was not given; empty if none."""

        other = [name for name in limits.names if name not in self.flow.given]

        if not other:
            return ""

        return (
            f"the flow was not fitted with {', '.join(other)} given: what goes along "
            "with a column that is frozen, or goes one way, may not go along with it "
            "here, and rows may be untypical; fit again with --given "
            f"{','.join(limits.names)}"
        )
