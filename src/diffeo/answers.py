"""What a user's function answers for rows, or what is wrong with it."""

from collections.abc import Callable

import torch
from torch import Tensor

from diffeo.memory import is_out_of_memory
from diffeo.shapes import Outputs

__all__ = ["ask", "check_outputs"]

SEVERAL = {
    "coordinates.encode": "; pass Autoencoder(model), which takes the first of several "
    "answers, the mean"
}
ROUNDING = 0.01  # of the largest output: by so much batches of other sizes may differ


def ask(function: Callable[[Tensor], object], x: Tensor, name: str) -> Tensor:
    """Return what a user's function returns for rows, or say what is wrong with it.

    Args:
        function: It gets a copy of the rows, so that it may work in place.
        x: The rows.
        name: What to call the function in a sentence.

    Raises:
        ValueError: If it fails, or does not return a tensor of real numbers with a row
            for each row and on the same device.

    Example:
        >>> ask(lambda x: (x, x), torch.zeros(2, 3), "the model")
        Traceback (most recent call last):
        ValueError: the model must return one tensor of real numbers, got tuple
    """

    try:
        answer = function(x.clone())
    except Exception as error:
        if is_out_of_memory(error):
            raise

        raise ValueError(
            f"{name} failed on {x.dtype} of shape {tuple(x.shape)} on {x.device}: "
            f"{type(error).__name__}: {' '.join(str(error).split())}"
        ) from error

    if not isinstance(answer, Tensor) or not answer.is_floating_point():
        kind = answer.dtype if isinstance(answer, Tensor) else type(answer).__name__
        way_out = SEVERAL.get(name, "") if isinstance(answer, tuple) else ""

        raise ValueError(
            f"{name} must return one tensor of real numbers, got {kind}{way_out}"
        )

    if answer.ndim == 0 or len(answer) != len(x):
        raise ValueError(
            f"{name} must return one row for each of {len(x)} inputs, got "
            f"{tuple(answer.shape)}"
        )

    if answer.device != x.device:
        raise ValueError(
            f"{name} must return a tensor on {x.device}, as it is given, got one on "
            f"{answer.device}"
        )

    return answer


def check_outputs(outputs: Outputs, again: Tensor) -> None:
    """Refuse outputs that are nowhere finite, or that differ when asked for again.

    Args:
        outputs: The model's outputs for a few rows.
        again: Its outputs for the first of these rows alone.

    Raises:
        ValueError: If they are.

    Example:
        >>> check_outputs(torch.full((2, 3), torch.nan), torch.zeros(1, 3))
        Traceback (most recent call last):
        ValueError: the model must return finite outputs, got NaN or infinity, ...
    """

    if not outputs.reshape(len(outputs), -1).isfinite().all(1).any():
        raise ValueError(
            "the model must return finite outputs, got NaN or infinity, as Logits "
            "(--model-outputs probabilities) returns of what are no probabilities"
        )

    rounding = max(ROUNDING, 8 * torch.finfo(outputs.dtype).eps) * outputs.abs().max()

    if (outputs[:1] - again).abs().max() > rounding:
        raise ValueError(
            "the model must return the same outputs for a row whenever it is asked and "
            f"whatever the other rows are, got {outputs[0].tolist()} and then "
            f"{again[0].tolist()}; is dropout or batch normalization still active?"
        )
