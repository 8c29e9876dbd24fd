"""Models by what a user types."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from diffeo import zoo
from diffeo.coordinates.autoencoder import with_pair_joined
from diffeo.coordinates.protocol import Coordinates
from diffeo.estimators.answers import Estimator, classes_of
from diffeo.readers.known_model import KnownModel
from diffeo.readers.onnx import read_onnx
from diffeo.readers.pickled import read_pickled
from diffeo.readers.programs import read_exported, read_script
from diffeo.readers.timm import read_timm
from diffeo.readers.transformers import read_transformers
from diffeo.user_code import call_function

__all__ = ["find_model", "find_part", "read_model"]


def _read_weights(path: Path, device: str | torch.device) -> KnownModel:
    return KnownModel(zoo.load(path, device), zoo.card(path).classes)


FILES: dict[str, Callable[[Path, str | torch.device], KnownModel]] = {
    ".joblib": read_pickled,
    ".onnx": read_onnx,
    ".pickle": read_pickled,
    ".pkl": read_pickled,
    ".pt": read_script,
    ".pt2": read_exported,
    ".pth": read_script,
    ".safetensors": _read_weights,
    ".torchscript": read_script,
    ".ts": read_script,
}
LIBRARIES = {"timm": read_timm, "transformers": read_transformers}


def find_model(text: str, *, device: str | torch.device = "cpu") -> nn.Module:
    """Return the model that a text names, as one of a generator's images.

    Args:
        text: As `read_model` takes it.
        device: Where to put the model.

    Raises:
        FileNotFoundError: If there is no such file or name.
        ModuleNotFoundError: If a package is missing that its kind needs.
        ValueError: If it is no model, or one of data rather than of answers.
        UserCodeError: If the file or the function raises an error.

    Example:
        >>> type(find_model("mnist-cnn")).__name__
        'Sequential'
    """

    return read_model(text, device).module()


def read_model(text: str, device: str | torch.device = "cpu") -> KnownModel:
    """Read the model that a text names, with what is known of it.

    Args:
        text: Weights by name or in a weights file; a program of `torch.export` (.pt2)
            or of TorchScript (.pt, .pth, .ts or .torchscript); an ONNX file; an
            estimator of tables (.joblib, .pkl or .pickle), in a file that may run any
            code; "timm:NAME" or "transformers:NAME", for which a folder may stand; or
            "file.py:function": that file is run, and the function, called without
            arguments, must return the model.
        device: Where to put the model.

    Raises:
        FileNotFoundError: If there is no such file or name.
        ModuleNotFoundError: If a package is missing that its kind needs.
        ValueError: If it cannot be read, or is a model of data rather than of answers.
        UserCodeError: If the file or the function raises an error.

    Example:
        >>> read_model("mnist-cnn").classes
        ()
    """

    library, _, name = text.partition(":")

    if library in LIBRARIES:
        return LIBRARIES[library](name, device)

    read = FILES.get(Path(text).suffix.lower())

    if read is None:
        found = find_part(text, device)
        known = KnownModel(found, classes_of(found))
    elif Path(text).is_file():
        known = read(Path(text), device)
    else:
        raise FileNotFoundError(f"the model's file must exist, got {text}")

    if not isinstance(known.model, nn.Module | Estimator):
        raise ValueError(  # noqa: TRY004
            f"{text} must return a torch.nn.Module, or of tables an estimator with "
            f"predict, got {type(known.model).__name__}"
        )

    if isinstance(known.model, Coordinates):
        raise ValueError(  # noqa: TRY004
            f"the model must be a classifier or regressor, got {text}, a generative "
            f"model ({type(known.model).__name__}, which has encode and decode)"
        )

    return known


def find_part(text: str, device: str | torch.device) -> object:
    """Return a model of any sort: weights by name or file, or what a function returns.

    Args:
        text: Weights by name, a weights file, or "file.py:function".
        device: Where to put it, if it is a module.

    Raises:
        FileNotFoundError: If there is no such file or name.
        ValueError: If it is neither, or has no weights.
        UserCodeError: If the file or the function raises an error.

    Example:
        >>> type(find_part("mnist-flow", "cpu")).__name__
        'Flow'
    """

    path, _, name = text.rpartition(":")

    if path.endswith(".py"):
        found = with_pair_joined(call_function(Path(path), name))

        return _placed(found, text, device)

    if text.endswith(".py"):
        raise ValueError(
            f"a Python file must be named with its function, as {text}:FUNCTION, got "
            f"{text}"
        )

    if Path(text).is_file() and not text.endswith(".safetensors"):
        raise ValueError(
            "weights must be a .safetensors file that diffeo wrote; for any other, "
            "write a function that loads it and name that, as file.py:FUNCTION, got "
            f"{text}"
        )

    return zoo.load(text, device)


def _placed(found: object, text: str, device: str | torch.device) -> object:
    if not isinstance(found, nn.Module):
        return found

    if any(value.is_meta for value in found.state_dict().values()):
        raise ValueError(f"{text} must have weights, got some on the meta device")

    return found.to(device)
