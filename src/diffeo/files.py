"""Write files that are whole or not there."""

import csv
import io
import shutil
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from diffeo.interrupts import deferred

__all__ = ["write_atomically", "write_csv", "write_text"]


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file so that its place never holds a part of it.

    The file is written into a folder beside its place, `NAME.part`, and then moved.
    That folder is removed whatever happens; one that a killed process left behind is
    removed by the next writing of the same file. The file's permissions are those that
    the process gives to new files. An interrupt waits until the file is there.

    Args:
        path: The file's place; folders above it are made, a file there is replaced.
        write: Writes to the path that it is given.

    Raises:
        OSError: If the file cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "note.txt")
        ...     write_atomically(path, lambda draft: draft.write_text("all of it"))
        ...     path.read_text()
        'all of it'
    """

    folder = path.with_name(f"{path.name}.part")
    draft = folder / path.name

    with deferred():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

        try:
            draft.touch()
            permissions = stat.S_IMODE(draft.stat().st_mode)  # safetensors writes 0600
            write(draft)
            draft.chmod(permissions)
            draft.replace(path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    r"""Write text as UTF-8, complete or not at all.

    Names of files may hold bytes that are no text; these are written as escapes.

    Args:
        path: The file's place, as for `write_atomically`.
        text: What to write.

    Raises:
        OSError: If the file cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_text(Path(folder, "note.txt"), "caf\udce9")
        ...     print(Path(folder, "note.txt").read_text())
        caf\udce9
    """

    content = text.encode(errors="backslashreplace")
    write_atomically(path, lambda draft: draft.write_bytes(content))


def write_csv(path: Path, lines: Iterable[Iterable[object]]) -> None:
    """Write lines of cells as a CSV file, complete or not at all.

    Args:
        path: The file's place, as for `write_atomically`.
        lines: The names of the columns, then the cells of each row.

    Raises:
        OSError: If the file cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "ages.csv")
        ...     write_csv(path, [("name", "age"), ("Ada, Lady", 36)])
        ...     print(path.read_text().strip())
        name,age
        "Ada, Lady",36
    """

    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    write_text(path, text.getvalue())
