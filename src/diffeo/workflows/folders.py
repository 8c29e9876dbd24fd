"""Output folders: what may be written to, and files that are whole or not there."""

import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from diffeo.files import write_text

__all__ = ["check_output", "check_place", "drafted", "write_results"]

PAGE = "report.html"


def check_output(folder: Path, *, overwrite: bool, but: Collection[str] = ()) -> None:
    """Refuse a folder that holds anything else, unless its files may be replaced.

    Args:
        folder: Where results are to be written.
        overwrite: Whether files of the same names may be replaced.
        but: Names of what may be there.

    Raises:
        FileExistsError: If the folder holds others, and must not be written to.
        NotADirectoryError: If there is a file at its place or above it.

    Example:
        >>> check_output(Path("a-new-folder"), overwrite=False)
    """

    check_place(folder)
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    others = [name for name in there if name.removesuffix(".part") not in but]

    if others and not overwrite:
        raise FileExistsError(
            f"the output folder must be new or hold no other files, got {folder}, "
            f"which holds {others[0]}; choose another or pass --overwrite"
        )


def check_place(folder: Path) -> None:
    """Refuse a folder that cannot be made.

    Raises:
        NotADirectoryError: If there is a file at its place or above it.
        PermissionError: If nothing may be written there.

    Example:
        >>> check_place(Path("a-new-folder"))
    """

    there = next(path for path in (folder, *folder.parents) if path.exists())

    if not there.is_dir():
        raise NotADirectoryError(
            f"the output folder must be a folder, got {folder}, where {there} is a file"
        )

    if not os.access(there, os.W_OK):
        raise PermissionError(
            f"the output folder must be writable, got {folder}, where {there} is not"
        )


@contextmanager
def drafted(folder: Path) -> Iterator[Path]:
    """Give a folder whose files move into the output folder if the block ends well.

    They replace files and folders of the same names; the page comes last, so that all
    it shows is there once the page is.

    Args:
        folder: Where the files belong; made if it is not there.

    Yields:
        A folder inside, `drawing.part`, that does not outlive the block.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as place:
        ...     with drafted(Path(place, "out")) as draft:
        ...         _ = (draft / "report.html").write_text("a page")
        ...     Path(place, "out/report.html").read_text()
        'a page'
    """

    draft = folder / "drawing.part"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)

    try:
        yield draft

        for file in sorted(draft.iterdir(), key=lambda file: file.name == PAGE):
            place = folder / file.name

            if place.is_dir():
                shutil.rmtree(place)

            file.replace(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)

        with suppress(OSError):
            folder.rmdir()  # only if nothing came of it


def write_results(
    results: Mapping[str, Any], folder: Path, name: str = "results.json"
) -> None:
    """Write values as JSON, complete or not at all; the folder is made if need be.

    Args:
        results: Values by name, as JSON can hold them.
        folder: Where to write.
        name: Name of the file; one that is there is replaced.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_results({"reached": 1.0}, Path(folder))
        ...     print(Path(folder, "results.json").read_text().strip())
        {
          "reached": 1.0
        }
    """

    text = f"{json.dumps(dict(results), indent=2)}\n"
    write_text(folder / name, text)
