"""Values by name as JSON files; those of experiments are flat."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffeo.files import write_text

__all__ = ["write_results"]


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
