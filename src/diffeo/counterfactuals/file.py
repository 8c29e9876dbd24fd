"""The file of a record: tensors by name, and texts at its head."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from diffeo.files import write_atomically

__all__ = ["read_record", "write_record"]

FORMAT = {"format": "diffeo-counterfactuals", "version": "2"}


def write_record(
    path: Path, tensors: Mapping[str, Tensor], head: Mapping[str, str]
) -> None:
    """Write a record's tensors and texts, complete or not at all.

    Args:
        path: The file.
        tensors: What a safetensors file is to hold.
        head: What else to know, by name.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_record(Path(folder, "record"), {"x": torch.ones(2)}, {"a": "b"})
        ...     read_record(Path(folder, "record"))[1]
        {'x': tensor([1., 1.])}
    """

    copies = {  # since a file cannot hold tensors that share memory
        name: value.clone(memory_format=torch.contiguous_format)
        for name, value in tensors.items()
    }
    metadata = {**FORMAT, **head}
    write_atomically(path, lambda draft: save_file(copies, draft, metadata=metadata))


def read_record(path: Path) -> tuple[Mapping[str, str], dict[str, Tensor]]:
    """Return the texts and the tensors of a record.

    Args:
        path: A file that `write_record` wrote.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a record of this version.

    Example:
        >>> read_record(Path("none"))
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

    return head, tensors
