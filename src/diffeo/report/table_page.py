"""A page on counterfactuals of the rows of a table."""

import math
from collections.abc import Mapping, Sequence
from itertools import compress

from torch import Tensor

from diffeo.columns import Column
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.table import Table
from diffeo.report.columns_table import Changes, columns_table
from diffeo.report.output_text import output_text
from diffeo.report.rows import choose_rows, describe_rows
from diffeo.report.sections import Section, render_sections
from diffeo.several import inputs_of

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
UNTYPICAL = "The result is not typical of the table."
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
    """Return a page as text: which columns changed, in all rows and in each of them.

    Several counterfactuals of one row stand side by side.

    Args:
        record: Of rows of features.
        tables: The rows that were explained, once for each counterfactual, and the
            table of the counterfactuals.
        columns: The columns, in the order of the features.
        facts: Short texts by name, for the head of the page.
        classes: What the classes are called, in order; their numbers if empty.
        typical: Flags of the counterfactuals that are typical of the table; None if it
            is not known.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> from diffeo.data.features import columns_of, features_of, table_of
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
    groups = _groups(record)
    doubts = [
        [*row["doubts"], *([UNTYPICAL] if each is False else [])]
        for row, each in zip(rows, after, strict=True)
    ]
    doubtful = [any(doubts[number] for number in group) for group in groups]
    labels = {
        number: rows[number]["label"] + (f", {place}" if len(group) > 1 else "")
        for group in groups
        for place, number in enumerate(group, 1)
    }
    overview = [
        (
            labels[number].replace(" ", "\N{NO-BREAK SPACE}"),
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
            rows[group[0]]["label"],
            [
                sentence
                for number in group
                for sentence in (
                    f"{labels[number]} {rows[number]['meaning']}: {text.quantity} "
                    f"{text.write(rows[number]['before'])} → "
                    f"{text.write(rows[number]['after'])}.",
                    *doubts[number],
                )
            ],
            table=_side_by_side([changes[number] for number in group]),
        )
        for group in (groups[place] for place in choose_rows(doubtful, SHOWN))
    ]
    reached = record.reached.tolist()
    found = list(compress(changes, reached))
    untypical = sum(each is False for each in compress(after, reached))
    lead = [
        f"{len(found)} of {len(record)} rows reached the target.",
        "Of these not typical of the table: "
        f"{TYPICAL[None] if typical is None else untypical}.",
        "Each column is in its own units; the largest changes come first.",
    ]
    of_all = Section(
        "Columns, where the target was reached", table=columns_table(found, columns)
    )

    return render_sections(
        f"What would have to change for the model to {text.goal}?",
        lead,
        facts,
        [of_all, Section("Rows", table=[HEAD, *overview]), *each],
    )


def _groups(record: Counterfactuals) -> list[list[int]]:
    """Return the numbers of the rows of each input."""

    inputs = inputs_of(record)

    return [(inputs == number).nonzero()[:, 0].tolist() for number in inputs.unique()]


def _side_by_side(changes: Sequence[Changes]) -> list[tuple[str, ...]]:
    """Return a table of what changed in several counterfactuals of one row."""

    old = {name: cell for found in changes for name, cell, _, _ in found}
    new = [{name: (to, size) for name, _, to, size in found} for found in changes]
    most = {
        name: max(abs(each[name][1]) for each in new if name in each) for name in old
    }
    several = range(1, 1 + len(changes)) if len(changes) > 1 else ("",)
    head = [
        title
        for number in several
        for title in (f"to {number}".strip(), "change in standard deviations")
    ]
    lines = [
        (
            name,
            old[name],
            *(cell for each in new for cell in _cells(*each.get(name, ("", math.nan)))),
        )
        for name in sorted(old, key=lambda name: -most[name])
    ]

    return [("column", "from", *head), *lines]


def _cells(to: str, size: float) -> tuple[str, str]:
    return to, f"{size:+.2f}" if math.isfinite(size) else ""


def _changes(tables: tuple[Table, Table], columns: Sequence[Column]) -> list[Changes]:
    """Return what changed in each row: column, from, to, and by how many deviations.

    Columns come in the order of their change; that of a category is infinite.
    """

    before, after = tables
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
