"""`diffeo report`."""

from pathlib import Path

import typer

__all__ = ["report_command"]


def report_command(  # noqa: PLR0913 - one argument for each option
    records: list[Path],
    *,
    coordinates: list[str] | None = None,
    classes: Path | None = None,
    device: str = "auto",
    out: Path,
    title: str = "",
    gif: list[int] | None = None,
    overwrite: bool = False,
) -> None:
    """Show saved records on one page, to read, sort, filter and print.

    Input:
        records: Saved records of the same images, a method each.
        coordinates: Where a record was searched, once for each record: weights by name
            (mnist-flow), a weights file, 'data', or file.py:function, which RUNS that
            file. Without it the page shows no paths of records that hold them.
        classes: A text file with the names of the classes, one a line, in order.
        device: Where to decode paths: cpu, cuda, mps, ...; 'auto' for cuda where there
            is one, else cpu.

    Output:
        out: Folder for the page.
        title: The headline; what was asked for if not given.
        gif: The number, from 0 on, of a row whose path to animate for slides;
            repeatable.
        overwrite: Replace files that the folder holds.

    Example:
        diffeo report nines/record.safetensors --out page

        diffeo report flow/record.safetensors vae/record.safetensors --out both
    """

    from diffeo.report import ReportOptions
    from diffeo.workflows.class_names import read_classes
    from diffeo.workflows.folders import check_output
    from diffeo.workflows.loading import find_device
    from diffeo.workflows.report import (
        check_places,
        draw,
        find_places,
        read_records,
    )

    check_output(out, overwrite=overwrite)
    place = find_device(device)
    found = {name: each.to(place) for name, each in read_records(records).items()}
    places = find_places(found, coordinates or [], place)
    check_places(found, places)
    options = ReportOptions(
        title=title, classes=read_classes(classes), coordinates=places
    )
    draw(found, out, options, animated=gif or [])
    typer.echo(str((out / "report.html").resolve()))
