"""Where data sets are found."""

import os
from pathlib import Path

__all__ = ["data_folder"]


def data_folder(given: Path | None, *, inside: tuple[str, ...], holds: str) -> Path:
    """Return the folder of a data set.

    Args:
        given: The data set's folder or one above it; the environment variable
            DIFFEO_DATA if not given.
        inside: Subfolders of `given` in which the data set is looked for too.
        holds: Name of a file in the data set's folder; it may have a suffix more there,
            such as ".gz".

    Raises:
        FileNotFoundError: If no folder is given, or none of these holds the file.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as root:
        ...     Path(root, "mnist").mkdir()
        ...     Path(root, "mnist", "images.gz").touch()
        ...     data_folder(Path(root), inside=("mnist",), holds="images").name
        'mnist'
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
