"""Explain the rows of a table: what is searched, and what is written of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.images import ImageFiles
from diffeo.data.table import features_of, read_table, table_of
from diffeo.extras import require
from diffeo.workflows.explain import ExplainOptions, interruption
from diffeo.workflows.folders import drafted
from diffeo.workflows.loading import find_coordinates

if TYPE_CHECKING:
    from diffeo.coordinates.table import TableFlow

__all__ = ["draw_table", "read_rows"]


def read_rows(path: str, coordinates: str, *, limit: int | None = None) -> ImageFiles:
    """Return the rows of features of a table, and what each is called.

    Args:
        path: The table, a CSV file.
        coordinates: The flow of the table, by file or function.
        limit: Take only the first so many rows.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the coordinates are of no table, or of another one.

    Example:
        >>> read_rows("people.csv", "mnist-flow")
        Traceback (most recent call last):
        ValueError: coordinates of a table must be a flow fitted to one, got Flow
    """

    columns = _flow(coordinates).columns
    x = features_of(read_table(path, limit=limit), columns)

    return ImageFiles(x, tuple(f"row {number}" for number in range(1, len(x) + 1)))


@torch.no_grad()
def draw_table(
    record: Counterfactuals, rows: int, options: ExplainOptions, folder: Path
) -> None:
    """Write the table of the counterfactuals, in its own units, and a page.

    Args:
        record: Of the first rows of the table.
        rows: Number of rows that were to be explained.
        options: What was asked for.
        folder: Where to write counterfactuals.csv and report.html.

    Raises:
        ModuleNotFoundError: If packages for the page are not installed.

    Example:
        >>> from diffeo import Adam, Identity, Run, TargetClass, search
        >>> x, goal = torch.zeros(2, 2), TargetClass(1)
        >>> record = search(x, lambda x: 3 * x, goal, Identity((2,)))
        >>> how = goal, Adam(0.01), Run()
        >>> options = ExplainOptions("x.csv", "net.py:load", "mnist-flow", *how)
        >>> draw_table(record, 2, options, Path("out"))
        Traceback (most recent call last):
        ValueError: coordinates of a table must be a flow fitted to one, got Flow
    """

    flow = _flow(options.coordinates)
    before = read_table(options.data, limit=len(record))
    after = table_of(record.counterfactual, flow.columns, before)

    with drafted(folder) as draft:
        after.save(draft / "counterfactuals.csv")

    require("jinja2", "matplotlib", extra="report")
    from diffeo.report.table_page import render_table

    facts = {
        "model": options.model,
        "coordinates": options.coordinates,
        "data": options.data,
        **{
            name.replace("_", " "): ", ".join(columns)
            for name, columns in vars(options.limits).items()
            if columns
        },
        "note": interruption(record, rows),
    }
    text = render_table(
        record,
        (before, after),
        flow.columns,
        {name: fact for name, fact in facts.items() if fact},
        classes=options.classes,
        typical=flow.is_typical(record.counterfactual),
    )

    with drafted(folder) as draft:
        (draft / "report.html").write_text(text, encoding="utf-8")


def _flow(coordinates: str) -> "TableFlow":
    require("zuko", extra="tables")
    from diffeo.coordinates.table import as_table_flow

    return as_table_flow(find_coordinates(coordinates, ()))
