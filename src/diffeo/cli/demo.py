"""`diffeo demo`."""

from pathlib import Path

import typer

__all__ = ["demo_command"]


def demo_command(
    *, out: Path = Path("demo"), overwrite: bool = False, quiet: bool = False
) -> None:
    """Turn handwritten fours into nines, beside adversarial examples (a minute).

    Output:
        out: Folder for the report.
        overwrite: Replace files that the folder holds.
        quiet: Show no progress.
    """

    from diffeo.extras import require

    require("jinja2", "matplotlib", extra="report")

    from diffeo.workflows.demo import demo_to_folder
    from diffeo.workflows.folders import check_output, drafted

    check_output(out, overwrite=overwrite)

    with drafted(out) as folder:
        records = demo_to_folder(folder, progress=not quiet)

    for name, record in records.items():
        typer.echo(f"{name}: {int(record.reached.sum())} of {len(record)} became nines")

    typer.echo(str((out / "report.html").resolve()))
