"""All searches as a table whose columns can be sorted and filtered."""

from collections.abc import Sequence
from dataclasses import dataclass

from diffeo.report.rows import Entry

__all__ = ["Cell", "Column", "Line", "columns", "lines"]

MANY = 40  # more words than a list of choices should have


@dataclass(frozen=True)
class Column:
    """One thing to sort and filter by.

    Args:
        label: Its heading.
        choices: Its values, if they are few words; empty for numbers.
    """

    label: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """One value.

    Args:
        text: As people read it.
        number: Whether it is a number.
        exact: The number as it is sorted, where the text is not the same.
    """

    text: str
    number: bool
    exact: str


@dataclass(frozen=True)
class Line:
    """One search.

    Args:
        row: Of the record.
        method: Its place among the methods.
        doubted: Whether it failed or deserves doubt.
        cells: One for each column.
    """

    row: int
    method: int
    doubted: bool
    cells: tuple[Cell, ...]


def columns(entries: Sequence[Entry], quantity: str) -> list[Column]:
    """Return the columns, with the choices that occur.

    Args:
        entries: All of them.
        quantity: What is measured before and after.
    """

    found = [_cells(entry) for entry in entries]
    labels = _labels(quantity)

    return [
        Column(label, _choices([cells[place] for cells in found]))
        for place, label in enumerate(labels)
    ]


def lines(entries: Sequence[Entry], methods: Sequence[str]) -> list[Line]:
    """Return a line for each entry."""

    return [
        Line(entry.row, methods.index(entry.method), bool(entry.doubts), _cells(entry))
        for entry in entries
    ]


def _labels(quantity: str) -> tuple[str, ...]:
    return (
        "No.",
        "method",
        "model says",
        "target",
        "outcome",
        f"{quantity} before",
        f"{quantity} after",
        "steps",
        "‖x′ − x‖",
        "‖z′ − z‖",
        "seconds",
        "input",
    )


def _cells(entry: Entry) -> tuple[Cell, ...]:
    return (
        _number(str(entry.row)),
        _word(entry.method),
        _word(entry.says),
        _word(entry.aim),
        _word(entry.outcome),
        Cell(entry.before_text, number=True, exact=f"{entry.before:.9g}"),
        Cell(entry.after_text, number=True, exact=f"{entry.after:.9g}"),
        _number(str(entry.steps)),
        _number(f"{entry.data_distance:.2f}"),
        _number(f"{entry.latent_distance:.2f}"),
        _number(f"{entry.seconds:.2f}"),
        _word("typical" if entry.typical else "untypical"),
    )


def _number(text: str) -> Cell:
    return Cell(text, number=True, exact="")


def _word(text: str) -> Cell:
    return Cell(text, number=False, exact="")


def _choices(cells: Sequence[Cell]) -> tuple[str, ...]:
    words = sorted({cell.text for cell in cells if not cell.number})

    return tuple(words) if len(words) <= MANY else ()
