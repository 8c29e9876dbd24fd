"""Models and coordinates by what a user types: a name, a file, or a function."""

from pathlib import Path

import torch
from torch import nn

from diffeo import zoo
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.user_code import call_function

__all__ = ["find_coordinates", "find_model"]


def find_model(text: str, *, device: str | torch.device = "cpu") -> nn.Module:
    """Return the model that a text names.

    Args:
        text: Weights by name, a weights file, or "file.py:function": that file is run,
            and the function, called without arguments, must return the model.
        device: Where to put the model.

    Raises:
        FileNotFoundError: If there is no such file or name.
        ValueError: If it is no model, or one of data rather than of answers.
        UserCodeError: If the file or the function raises an error.

    Example:
        >>> type(find_model("mnist-cnn")).__name__
        'Sequential'
    """

    model = _find(text, device)

    if not isinstance(model, nn.Module):
        raise ValueError(  # noqa: TRY004
            f"{text} must return a torch.nn.Module, got {type(model).__name__}"
        )

    if isinstance(model, Coordinates):
        raise ValueError(  # noqa: TRY004
            f"the model must be a classifier or regressor, got {text}, a generative "
            f"model ({type(model).__name__}, which has encode and decode)"
        )

    return model


def find_coordinates(
    text: str, shape: tuple[int, ...], *, device: str | torch.device = "cpu"
) -> Coordinates:
    """Return the coordinates that a text names.

    Args:
        text: Weights of a generative model by name, a weights file, "data" for the data
            space itself, or "file.py:function": that file is run, and the function,
            called without arguments, must return an object with encode and decode.
        shape: Shape of one datum.
        device: Where to put the coordinates.

    Raises:
        FileNotFoundError: If there is no such file or name.
        ValueError: If what is named has no encode or no decode.
        UserCodeError: If the file or the function raises an error.

    Example:
        >>> find_coordinates("data", (1, 28, 28))
        Identity(shape=(1, 28, 28))
    """

    if text == "data":
        return Identity(shape)

    found = _find(text, device)

    if not isinstance(found, Coordinates):
        raise ValueError(  # noqa: TRY004
            f"coordinates must be a generative model with encode(x) and decode(z), got "
            f"{text}, a {type(found).__name__} without them; a decoder alone is not "
            "enough, since a search starts where encode puts its input"
        )

    return found


def _find(text: str, device: str | torch.device) -> object:
    path, _, name = text.rpartition(":")

    if path.endswith(".py"):
        return _placed(call_function(Path(path), name), text, device)

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
