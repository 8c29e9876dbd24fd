"""`diffeo report`."""

from pathlib import Path
from typing import Annotated

import typer

from diffeo.cli.options import Classes, Overwrite
from diffeo.report.folder import output_folder
from diffeo.workflows.report import (
    Wish,
    read_names,
    read_records,
    report_to_folder,
)

__all__ = ["report"]


def report(
    records: Annotated[
        list[Path],
        typer.Argument(help="Saved records of the same images, a method each."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the report.")],
    *,
    coordinates: Annotated[
        list[str] | None,
        typer.Option(
            help="Where a record searched: weights by name (mnist-flow) or file, or "
            "'data'; once for each record. The paths are left out without it."
        ),
    ] = None,
    classes: Classes = None,
    title: Annotated[str, typer.Option(help="The headline.")] = "Counterfactuals",
    gif: Annotated[
        list[int] | None,
        typer.Option(help="A row whose path to animate for slides; repeatable."),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Show saved records on one page, to read, sort, filter and print."""

    wish = Wish(
        coordinates=tuple(coordinates or ()),
        names=read_names(classes),
        title=title,
        animated=tuple(gif or ()),
    )
    found = read_records(records)

    with output_folder(out, overwrite=overwrite) as folder:
        report_to_folder(found, wish, folder)

    typer.echo(str((out / "report.html").resolve()))
