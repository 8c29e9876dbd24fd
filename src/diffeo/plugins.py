"""Models and coordinates by what a user types: a name, a file, or a function."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from torch import nn

from diffeo import zoo
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates

__all__ = ["find_coordinates", "find_model"]


def find_model(text: str) -> nn.Module:
    """Return the model that a text names.

    Args:
        text: Weights by name, a weights file, or "file.py:function": that file is run,
            and the function of no arguments must return the model.

    Raises:
        FileNotFoundError: If there is no such file or name.
        ValueError: If the file has no such function or it returns anything else.
    """

    path, separator, name = text.rpartition(":")

    if not (separator and path.endswith(".py")):
        return zoo.load(text)

    model = _function(Path(path), name)()

    if not isinstance(model, nn.Module):
        raise ValueError(  # noqa: TRY004
            f"{text} must return a torch.nn.Module, got {type(model).__name__}"
        )

    return model


def find_coordinates(text: str, shape: tuple[int, ...]) -> Coordinates:
    """Return the coordinates that a text names.

    Args:
        text: Weights of a generative model by name, a weights file, or "data" for the
            data space itself.
        shape: Shape of one datum.

    Raises:
        FileNotFoundError: If there is no such file or name.
        ValueError: If the weights are of a model that has no coordinates.
    """

    if text == "data":
        return Identity(shape)

    model = zoo.load(text)

    if not isinstance(model, Coordinates):
        raise ValueError(  # noqa: TRY004
            f"coordinates must be a generative model, got {text}, a "
            f"{type(model).__name__}"
        )

    return model


def _function(path: Path, name: str) -> Callable[[], object]:
    if not path.is_file():
        raise FileNotFoundError(f"the model's file must exist, got {path}")

    function = getattr(_run(path), name, None)

    if function is None:
        raise ValueError(f"{path} must define a function {name}, got none")

    return function  # type: ignore[no-any-return]


def _run(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)

    if spec is None or spec.loader is None:
        raise ValueError(f"the model's file must be Python, got {path}")

    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)

    return module
