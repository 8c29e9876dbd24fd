"""`diffeo demo`."""

from pathlib import Path
from typing import Annotated

import typer

from diffeo.cli.options import Overwrite, Quiet
from diffeo.report.folder import output_folder
from diffeo.workflows.demo import demo as run_demo

__all__ = ["demo"]


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("demo"),
    *,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Turn handwritten fours into nines, beside adversarial examples (a minute)."""

    with output_folder(out, overwrite=overwrite) as folder:
        records = run_demo(folder, progress=not quiet)

    for name, record in records.items():
        typer.echo(f"{name}: {int(record.reached.sum())} of {len(record)} became nines")

    typer.echo(str((out / "report.html").resolve()))
