"""The file of a record: tensors by name, and JSON at its head."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from diffeo.files import write_atomically

__all__ = ["read_record", "write_record"]

FORMAT = {"format": "diffeo-counterfactuals", "version": "2"}
T = TypeVar("T")


def write_record(
    path: Path, tensors: Mapping[str, Tensor], head: Mapping[str, object]
) -> None:
    """Write a record's tensors and head, complete or not at all.

    Args:
        path: The file.
        tensors: What a safetensors file is to hold.
        head: What else to know, by name, as JSON can hold it.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_record(Path(folder, "record"), {"x": torch.ones(2)}, {"a": [3]})
        ...     read_record(Path(folder, "record"), lambda head, tensors: head["a"])
        [3]
    """

    copies = {  # since a file cannot hold tensors that share memory
        name: value.clone(memory_format=torch.contiguous_format)
        for name, value in tensors.items()
    }
    metadata = FORMAT | {name: json.dumps(value) for name, value in head.items()}
    write_atomically(path, lambda draft: save_file(copies, draft, metadata=metadata))


def read_record(
    path: Path, build: Callable[[Mapping[str, object], dict[str, Tensor]], T]
) -> T:
    """Return what the head and the tensors of a record make up.

    Args:
        path: A file that `write_record` wrote.
        build: Makes it of them; it raises an error if they do not fit.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a record of this version, or was changed.

    Example:
        >>> read_record(Path("none"), lambda head, tensors: tensors)
        Traceback (most recent call last):
        FileNotFoundError: record must be a file, got none
    """

    if not path.is_file():
        raise FileNotFoundError(f"record must be a file, got {path}")

    try:
        with safe_open(path, framework="pt") as file:
            head = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(
            f"record must be a safetensors file of diffeo's, got {path}: {error}"
        ) from None

    wanted, found = (
        f"format {each.get('format')} version {each.get('version')}"
        for each in (FORMAT, head)
    )

    if found != wanted:
        raise ValueError(f"record must be of {wanted}, got {path} of {found}")

    try:
        texts = {name: text for name, text in head.items() if name not in FORMAT}

        return build({name: json.loads(text) for name, text in texts.items()}, tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"record must be as it was saved, got {path}, which was changed: {error}"
        ) from None
