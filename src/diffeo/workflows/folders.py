"""Output folders that are whole or not there."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["output_folder"]


@contextmanager
def output_folder(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a folder to write to that becomes `path` if the block ends well.

    Args:
        path: Where the results should lie.
        overwrite: Whether files of an existing folder may be replaced by new ones of
            the same name; other files there are kept.

    Yields:
        A temporary folder beside `path`.

    Raises:
        FileExistsError: If `path` exists and must not be overwritten.
    """

    if path.exists() and not (overwrite and path.is_dir()):
        raise FileExistsError(
            f"the output folder must be new, got {path}, which exists; "
            "choose another or pass --overwrite"
        )

    path.parent.mkdir(parents=True, exist_ok=True)

    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as draft:
        yield Path(draft)

        for file in sorted(Path(draft).rglob("*")):
            place = path / file.relative_to(draft)

            if file.is_file():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(file, place)
