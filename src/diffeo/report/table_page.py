"""A page on counterfactuals of the rows of a table."""

import math
from collections.abc import Mapping, Sequence

from torch import Tensor

from diffeo.columns import Column
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.table import Table
from diffeo.report.output_text import output_text
from diffeo.report.rows import choose_rows, describe_rows
from diffeo.report.sections import Section, render_sections

__all__ = ["render_table"]

SHOWN = 100  # rows
NAMED = 3  # changes of a row that the overview names
HEAD = (
    "row",
    "how it ended",
    "answer",
    "input typical?",
    "result typical?",
    "largest changes",
)
TYPICAL = {True: "yes", False: "NO", None: "not known"}


def render_table(
    record: Counterfactuals,
    tables: tuple[Table, Table],
    columns: Sequence[Column],
    facts: Mapping[str, str],
    *,
    classes: Sequence[str] = (),
    typical: Tensor | None = None,
) -> str:
    """Return a page as text: which columns changed in each row, from what to what.

    Args:
        record: Of rows of features.
        tables: The table that was explained, and that of its counterfactuals.
        columns: The columns, in the order of the features.
        facts: Short texts by name, for the head of the page.
        classes: What the classes are called, in order; their numbers if empty.
        typical: Flags of the counterfactuals that are typical of the table; None if it
            is not known.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> from diffeo.data.table import columns_of, features_of, table_of
        >>> table = Table(("age",), (("31",), ("7",)))
        >>> columns = columns_of(table)
        >>> x = features_of(table, columns)
        >>> record = search(x, lambda x: x[:, 0], AtLeast(40.0), Identity((1,)))
        >>> after = table_of(record.counterfactual, columns, table)
        >>> page = render_table(record, (table, after), columns, {})
        >>> "What would have to change for the model to answer at least 40?" in page
        True
    """

    text = output_text(record, classes)
    rows = describe_rows(record, text)
    changes = _changes(tables, columns)
    after = [None] * len(rows) if typical is None else typical.tolist()
    chosen = choose_rows([bool(row["doubts"]) for row in rows], SHOWN)
    overview = [
        (
            row["label"],
            row["meaning"],
            f"{row['answer_before']} → {row['answer_after']}",
            row["typical"],
            TYPICAL[after[number]],
            "; ".join(f"{name}: {old} → {new}" for name, old, new, _ in found[:NAMED]),
        )
        for number, (row, found) in enumerate(zip(rows, changes, strict=True))
    ]
    each = [
        Section(
            rows[number]["label"],
            (
                f"It {rows[number]['meaning']}: {text.quantity} "
                f"{text.write(rows[number]['before'])} → "
                f"{text.write(rows[number]['after'])}.",
                *rows[number]["doubts"],
            ),
            table=[
                ("column", "from", "to", "change in standard deviations"),
                *(
                    (name, old, new, f"{change:+.2f}" if math.isfinite(change) else "")
                    for name, old, new, change in changes[number]
                ),
            ],
        )
        for number in chosen
    ]
    lead = [
        f"{int(record.reached.sum())} of {len(record)} rows reached the target.",
        "Each column is in its own units; the largest changes come first.",
    ]

    return render_sections(
        f"What would have to change for the model to {text.goal}?",
        lead,
        facts,
        [Section("Rows", table=[HEAD, *overview]), *each],
    )


def _changes(
    tables: tuple[Table, Table], columns: Sequence[Column]
) -> list[list[tuple[str, str, str, float]]]:
    """Return what changed in each row: column, from, to, and by how many deviations.

    Columns come in the order of their change; that of a category is infinite.
    """

    before, after = tables
    changes: list[list[tuple[str, str, str, float]]] = [[] for _ in before.rows]

    for column in columns:
        cells = before.cells(column.name), after.cells(column.name)

        for found, old, new in zip(changes, *cells, strict=True):
            if old != new and column.categories:
                found.append((column.name, old, new, math.inf))
            elif old != new:
                size = (float(new) - float(old)) / column.scale
                found.append((column.name, old, new, size))

    return [sorted(found, key=lambda each: -abs(each[3])) for found in changes]
