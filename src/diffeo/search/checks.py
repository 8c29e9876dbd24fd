"""What a search refuses, and why."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from diffeo.ascents import Ascent
from diffeo.coordinates.protocol import Coordinates
from diffeo.objectives import Objective
from diffeo.shapes import Data, Latent, Scores

__all__ = [
    "check_data",
    "check_latent",
    "check_modes",
    "check_parts",
    "check_reconstruction",
    "gradient_of",
]

PARTS: dict[str, tuple[Any, str]] = {
    "model": (Callable, "be a function or module from data to outputs"),
    "objective": (Objective, "offer start, score, margin, tolerance and aim"),
    "coordinates": (Coordinates, "offer encode and decode, as those of zoo.load do"),
    "ascent": (Ascent, "offer start and step"),
}


def check_data(x: object) -> None:
    """Refuse data that cannot be searched.

    Raises:
        ValueError: If they are not a tensor with rows of finite real numbers.

    Example:
        >>> check_data([0.5])
        Traceback (most recent call last):
        ValueError: x must be a tensor of floating point numbers, got list
    """

    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__

        raise ValueError(f"x must be a tensor of floating point numbers, got {kind}")

    if x.ndim < 2 or x.numel() == 0:
        raise ValueError(
            f"x must be (batch, ...) with at least one row, got {tuple(x.shape)}"
        )

    if not x.isfinite().all():
        raise ValueError("x must be finite, got NaN or infinity")


def check_parts(**parts: object) -> None:
    """Refuse parts of a search that lack a method.

    Args:
        **parts: The model, objective, coordinates and ascent by name.

    Raises:
        ValueError: If one does.

    Example:
        >>> check_parts(model=3)
        Traceback (most recent call last):
        ValueError: the model must be a function or module from data to outputs, got 3
    """

    for name, part in parts.items():
        kind, duty = PARTS[name]

        if not isinstance(part, kind):
            raise ValueError(f"the {name} must {duty}, got {part!r:.100}")  # noqa: TRY004


def check_modes(**parts: object) -> None:
    """Refuse modules in training mode.

    There a module's outputs are random or depend on the other rows, and statistics
    that it keeps would change.

    Args:
        **parts: The model and the coordinates by name.

    Raises:
        ValueError: If one is in training mode.

    Example:
        >>> check_modes(model=nn.Linear(2, 2))
        Traceback (most recent call last):
        ValueError: the model must be in evaluation mode, got training mode; call ...
    """

    for name, part in parts.items():
        if any(module.training for module in _modules_of(part)):
            raise ValueError(
                f"the {name} must be in evaluation mode, got training mode; call "
                f"{name}.eval() first"
            )


def _modules_of(part: object) -> Iterator[nn.Module]:
    """Yield the modules in a part, also those that it keeps in its fields."""

    if isinstance(part, nn.Module):
        yield from part.modules()
    elif dataclasses.is_dataclass(part) or isinstance(part, Coordinates):
        for value in getattr(part, "__dict__", {}).values():
            yield from _modules_of(value)


def check_latent(z: Tensor) -> None:
    """Refuse coordinates that are not one vector a row, or nowhere finite.

    Raises:
        ValueError: If they are.

    Example:
        >>> check_latent(torch.zeros(2, 3, 4))
        Traceback (most recent call last):
        ValueError: coordinates.encode must return (batch, latent), got (2, 3, 4)
    """

    if z.ndim != 2:
        raise ValueError(
            f"coordinates.encode must return (batch, latent), got {tuple(z.shape)}"
        )

    if not z.isfinite().all(1).any():
        raise ValueError(
            "coordinates.encode must return finite numbers, got NaN or infinity; "
            "is x in the range that the coordinates expect?"
        )


def check_reconstruction(reconstruction: Tensor, factual: Tensor) -> None:
    """Refuse coordinates that decode to data of another shape than they encode.

    Raises:
        ValueError: If they do.

    Example:
        >>> check_reconstruction(torch.zeros(2, 3), torch.zeros(2, 4))
        Traceback (most recent call last):
        ValueError: coordinates.decode must return data of the shape that was ...
    """

    if reconstruction.shape != factual.shape:
        raise ValueError(
            "coordinates.decode must return data of the shape that was encoded, "
            f"{tuple(factual.shape)}, got {tuple(reconstruction.shape)}"
        )


def gradient_of(score: Scores, data: Data, z: Latent) -> Latent:
    """Return the gradient of a score with respect to the coordinates.

    Args:
        score: The score of each row.
        data: The data that the coordinates decode to.
        z: The coordinates, which require a gradient.

    Raises:
        ValueError: If the decoder or the model does not let gradients through.

    Example:
        >>> z = torch.ones(2, 3, requires_grad=True)
        >>> data = 2 * z
        >>> gradient_of(data.sum(1), data, z)
        tensor([[2., 2., 2.],
                [2., 2., 2.]])
    """

    if not data.requires_grad:
        raise ValueError(
            "coordinates.decode must be differentiable in the coordinates, got data "
            "without a gradient; does it detach them or run under no_grad?"
        )

    gradient = None

    if score.requires_grad:
        (gradient,) = torch.autograd.grad(score.sum(), z, allow_unused=True)

    if gradient is None:
        raise ValueError(
            "the model must be differentiable in its data, got outputs without a "
            "gradient; does it detach them, round, or run under no_grad?"
        )

    return gradient
