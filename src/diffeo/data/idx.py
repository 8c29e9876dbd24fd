"""The IDX format of MNIST and its relatives."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["is_idx", "read_idx"]

BYTES = bytes((0, 0, 0x08))  # how a file of unsigned bytes begins
GZIP = b"\x1f\x8b"
MOST_AXES = 4


def is_idx(path: Path) -> bool:
    """Return whether a file begins as an IDX file of bytes, or as a gzipped file.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "labels-idx1-ubyte")
        ...     _ = path.write_bytes(bytes((0, 0, 8, 1, 0, 0, 0, 0)))
        ...     is_idx(path)
        True
    """

    with path.open("rb") as file:
        return file.read(3).startswith((BYTES, GZIP))


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read an IDX file of bytes, plain or gzipped.

    Source: LeCun, Cortes and Burges, The MNIST database, "File formats".

    Args:
        path: The file.

    Returns:
        The bytes in the shape that the file's head tells; not writable.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is truncated or not of this format.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "labels-idx1-ubyte")
        ...     _ = path.write_bytes(bytes((0, 0, 8, 1, 0, 0, 0, 2, 7, 9)))
        ...     read_idx(path)
        array([7, 9], dtype=uint8)
    """

    content = path.read_bytes()

    try:
        content = gzip.decompress(content) if content.startswith(GZIP) else content
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(
            f"{path} must be a whole gzip file, got a broken one: {error}"
        ) from None

    if len(content) < 4 or not content.startswith(BYTES):
        raise ValueError(
            f"{path} must be an IDX file of bytes, beginning with 00 00 08, got "
            f"{content[:3].hex(' ') or 'an empty file'}"
        )

    if content[3] > MOST_AXES:
        raise ValueError(f"{path} must have at most {MOST_AXES} axes, got {content[3]}")

    start = 4 + 4 * content[3]
    sides = [content[at : at + 4] for at in range(4, start, 4)]
    shape = tuple(int.from_bytes(side, "big") for side in sides)
    expected = start + math.prod(shape)

    if len(content) != expected:
        raise ValueError(
            f"{path} must hold {expected} bytes for shape {shape}, got {len(content)}: "
            "is it truncated?"
        )

    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
