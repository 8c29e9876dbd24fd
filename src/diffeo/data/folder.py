"""Where data sets lie."""

import os
from pathlib import Path

__all__ = ["data_folder"]


def data_folder(given: Path | None, *, inside: tuple[str, ...], holds: str) -> Path:
    """Return the folder of a data set.

    Args:
        given: The data set's folder or one above it; the environment variable
            DIFFEO_DATA if not given.
        inside: Where below `given` the data set may lie.
        holds: A file that the data set's folder holds, in any packing.

    Raises:
        FileNotFoundError: If the data set is in none of these places.
    """

    root = given or (
        Path(os.environ["DIFFEO_DATA"]) if "DIFFEO_DATA" in os.environ else None
    )

    if root is None:
        raise FileNotFoundError(
            f"the folder that holds {holds} must be given with --data DIR or by the "
            "environment variable DIFFEO_DATA, got neither"
        )

    for folder in (root, *(root / name for name in inside)):
        if any(folder.glob(f"{holds}*")):
            return folder

    raise FileNotFoundError(
        f"the data folder must hold {holds}, got {root}, which does not, nor do its "
        f"subfolders {', '.join(inside)}"
    )
