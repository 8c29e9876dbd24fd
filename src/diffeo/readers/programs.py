"""Models that PyTorch saved with their code: `torch.export` and TorchScript."""

import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch.export.passes import move_to_device_pass
from torch.fx import GraphModule

from diffeo.models.fixed_batch import FixedBatch
from diffeo.readers.known_model import KnownModel

__all__ = ["read_exported", "read_script"]

T = TypeVar("T")
MARKS = "archive_format", "serialized_exported_program.json"  # of today, of old
CLASSES = "classes.txt"  # among the extra files: a name a line


def read_exported(path: Path, device: str | torch.device) -> KnownModel:
    """Read a program of `torch.export`; one of a fixed batch takes any all the same.

    The names of its classes, one a line, may be among its extra files as "classes.txt".

    Args:
        path: A .pt2 file.
        device: Where to put the model.

    Raises:
        ValueError: If it is no such file, or a program of several inputs.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from torch import nn
        >>> program = torch.export.export(nn.Flatten(), (torch.zeros(1, 2, 2),))
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "net.pt2")
        ...     torch.export.save(program, path, extra_files={"classes.txt": "a"})
        ...     found = read_exported(path, "cpu")
        >>> found.classes, found.model(torch.zeros(3, 2, 2)).shape
        (('a',), torch.Size([3, 4]))
    """

    extra = {CLASSES: ""}

    def load() -> torch.export.ExportedProgram:
        _check(path)

        return torch.export.load(path, extra_files=extra)

    program = _read(load, "a program of torch.export", path)
    names = program.graph_signature.user_inputs
    shapes = [
        node.meta["val"].shape for node in program.graph.nodes if node.name in names
    ]

    if len(shapes) != 1:
        raise ValueError(
            f"the program in {path} must take one input, the batch, got {len(shapes)}"
        )

    exported = move_to_device_pass(program, str(device)).module()
    model = GraphModule(exported, exported.graph).eval()  # that of export cannot move
    size = shapes[0][0]

    return KnownModel(
        FixedBatch(model, size) if isinstance(size, int) else model,
        _names(extra),
    )


def read_script(path: Path, device: str | torch.device) -> KnownModel:
    """Read a module of TorchScript.

    The names of its classes, one a line, may be among its extra files as "classes.txt".

    Args:
        path: The file, such as net.pt.
        device: Where to put the model.

    Raises:
        ValueError: If it is no such file, as one that holds weights alone.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     torch.save({}, Path(folder, "weights.pt"))
        ...     read_script(Path(folder, "weights.pt"), "cpu")
        Traceback (most recent call last):
        ValueError: weights.pt must be a module of TorchScript; for any other ...
    """

    extra = {CLASSES: ""}

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit.load` is deprecated")
        model = _read(
            lambda: torch.jit.load(path, map_location=device, _extra_files=extra),
            "a module of TorchScript",
            path,
        )

    return KnownModel(model, _names(extra))


def _check(path: Path) -> None:
    """Refuse what is no archive of a program, of which PyTorch logs a traceback."""

    if not zipfile.is_zipfile(path):
        raise ValueError("not a zip archive")

    with zipfile.ZipFile(path) as archive:
        if not any(Path(name).name in MARKS for name in archive.namelist()):
            raise ValueError("an archive without a program")


def _read(load: Callable[[], T], kind: str, path: Path) -> T:
    try:
        return load()
    except (RuntimeError, ValueError, OSError) as error:
        raise ValueError(
            f"{path.name} must be {kind}; for any other write a function that loads "
            f"the model and name it, as file.py:FUNCTION, got {path}: "
            f"{str(error).splitlines()[0]:.100}"
        ) from error


def _names(extra: Mapping[str, str | bytes]) -> tuple[str, ...]:
    text = extra[CLASSES]

    if isinstance(text, bytes):  # TorchScript puts these there
        text = text.decode()

    return tuple(text.rstrip().splitlines())
