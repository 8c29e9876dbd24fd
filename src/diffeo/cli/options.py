"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Classes", "DataFolder", "Overwrite", "Quiet"]

Classes = Annotated[
    Path | None,
    typer.Option(help="A text file with the classes' names, one a line, in order."),
]
DataFolder = Annotated[
    Path | None,
    typer.Option(help="The data sets' folder; DIFFEO_DATA if not given."),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace files of an existing folder.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
