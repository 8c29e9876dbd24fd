"""What follows a search: statements of its rows, and its page."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from diffeo.cli.errors import warned

if TYPE_CHECKING:
    from diffeo.counterfactuals import Counterfactuals

__all__ = ["drawn", "stated"]


def stated(
    record: "Counterfactuals",
    rules: "Mapping[str, Callable[[Counterfactuals], Counterfactuals]]",
    keep: "Callable[[Counterfactuals], None]",
) -> "Counterfactuals":
    """Return a record with what rules state of it, each of them kept at once.

    In how many rows a judge agrees is printed.

    Args:
        record: Of the rows that were searched.
        rules: How to state something, by what it is.
        keep: Keeps a record with a further statement.
    """

    from diffeo.workflows.summary import agreements

    for what, rule in rules.items():
        with warned(f"the results are written, but not the {what}"):
            found = rule(record)

            if found is not record:
                keep(found)
                record = found

    if told := agreements(record):
        typer.echo(told)

    return record


def drawn(folder: Path, draw: Callable[[], None]) -> None:
    """Draw the page if it is not there, and print where it lies.

    Args:
        folder: The folder of the results.
        draw: Draws the page.
    """

    page = folder / "report.html"

    if not page.is_file():
        with warned("the results are written, but not the page"):
            draw()

    typer.echo(str((page if page.is_file() else folder / "summary.csv").resolve()))
