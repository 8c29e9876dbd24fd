"""Options that several experiments share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Backward", "DataFolder", "Overwrite", "Quiet"]

Backward = Annotated[
    str,
    typer.Option(
        help="How gradients are found: 'plain'; 'reversible' for memory that does not "
        "grow with a flow's depth, in half as much time again; or 'auto' for plain "
        "where it fits into memory."
    ),
]
DataFolder = Annotated[
    Path | None,
    typer.Option(help="The data sets' folder; DIFFEO_DATA if not given."),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace files of an existing folder.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
