"""What follows a search: what is told, stated and drawn of it."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from diffeo.cli.errors import warned

if TYPE_CHECKING:
    from diffeo.counterfactuals import Counterfactuals
    from diffeo.data.images import ImageFiles
    from diffeo.workflows.explain.options import ExplainOptions

    Rules = Mapping[str, Callable[[Counterfactuals], Counterfactuals]]

__all__ = ["follow"]


def follow(
    record: "Counterfactuals",
    images: "ImageFiles",
    draw: Callable[..., None],
    options: "ExplainOptions",
    rules: "Rules",
    folder: Path,
) -> None:
    """Print what became of a search, state what rules say of its rows, and draw.

    Args:
        record: Of the rows that were searched.
        images: Images, or rows of a table, and their names.
        draw: Draws the page of a record: it gets the record, how many rows were to be
            explained, the options, and the folder.
        options: What was asked for.
        rules: How to state something, by what it is.
        folder: Where the record lies.

    Raises:
        KeyboardInterrupt: If the search was interrupted; what is there is drawn.
    """

    from diffeo.workflows.explain.explanation import keep_statements
    from diffeo.workflows.summary import interruption, summary

    rows = len(images.images) * options.several
    stopped = interruption(record, rows)
    of_table = options.flow is not None
    typer.echo(summary(record, rows, options.classes, units=of_table))

    for words in options.notes:
        typer.echo(words, err=True)

    if stopped:
        typer.echo(f"{stopped}; the same command goes on from there", err=True)
    else:
        keep = partial(keep_statements, images, options, folder)
        record = _stated(record, rules, keep)

    _drawn(folder, partial(draw, record, rows, options, folder))

    if stopped:
        raise KeyboardInterrupt


def _stated(
    record: "Counterfactuals",
    rules: "Rules",
    keep: "Callable[[Counterfactuals], None]",
) -> "Counterfactuals":
    """Return a record with what rules state of it, each of them kept at once.

    In how many rows a judge agrees is printed.
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


def _drawn(folder: Path, draw: Callable[[], None]) -> None:
    """Draw the page if it is not there, and print where it lies."""

    page = folder / "report.html"

    if not page.is_file():
        with warned("the results are written, but not the page"):
            draw()

    typer.echo(str((page if page.is_file() else folder / "summary.csv").resolve()))
