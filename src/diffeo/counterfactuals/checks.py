"""Whether what a file says is a record that a search can have returned."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor

from diffeo.counterfactuals.outcome import Outcome, Typicality
from diffeo.counterfactuals.path import SearchPath
from diffeo.data.masks import mask_of
from diffeo.objectives import confidence_of

__all__ = ["check_kinds", "check_record", "objective_of"]

ALIKE = (
    ("reconstruction", "factual"),
    ("counterfactual", "factual"),
    ("latent", "origin"),
    ("outputs_before", "outputs_after"),
)
WHOLE = "outcome", "steps", "typical"  # rows of integers; all others are real numbers
CODES = {"outcome": Outcome, "typical": Typicality}
AXES = dict.fromkeys((*WHOLE, "target", "margin", "seconds"), 1) | {"latent": 2}


def objective_of(settings: Mapping[str, object]) -> Mapping[str, object]:
    """Return the settings of the objective, without those of penalties around it.

    Args:
        settings: Those of a search.

    Example:
        >>> inner = {"name": "TargetClass", "confidence": 0.9}
        >>> objective_of({"objective": {"name": "Penalized", "objective": inner}})
        {'name': 'TargetClass', 'confidence': 0.9}
    """

    found = settings.get("objective")

    while isinstance(found, Mapping) and isinstance(found.get("objective"), Mapping):
        found = found["objective"]

    return found if isinstance(found, Mapping) else {}


def check_kinds(tensors: Mapping[str, Tensor], names: Iterable[str]) -> None:
    """Refuse tensors among which one is missing, or holds another kind of number.

    Args:
        tensors: Those of a record, by name.
        names: Those that it must have.

    Raises:
        ValueError: If there is such a one.

    Example:
        >>> import torch
        >>> check_kinds({"steps": torch.zeros(1)}, ["margin", "steps"])
        Traceback (most recent call last):
        ValueError: it lacks margin, and has another type of number in steps
    """

    missing = [name for name in names if name not in tensors]
    wrong = [
        name
        for name in names
        if name in tensors and tensors[name].is_floating_point() == (name in WHOLE)
    ]

    if missing or wrong:
        raise ValueError(
            f"it lacks {', '.join(missing) or 'nothing'}, and has another type of "
            f"number in {', '.join(wrong) or 'nothing'}"
        )


def check_record(
    tensors: Mapping[str, Tensor],
    paths: Sequence[SearchPath],
    settings: Mapping[str, object],
) -> None:
    """Refuse parts of a record that do not fit each other, in whatever way.

    Args:
        tensors: Of as many rows each, by name.
        paths: The path of each row, if there are any.
        settings: Those of the search.

    Raises:
        ValueError: If they do not fit.

    Example:
        >>> import torch
        >>> check_record({"target": torch.zeros(0)}, (), {})
        Traceback (most recent call last):
        ValueError: it has no rows
    """

    if len(tensors["target"]) == 0:
        raise ValueError("it has no rows")

    _check_shapes(tensors, paths)
    _check_objective(objective_of(settings), tensors)

    for name, kind in CODES.items():
        if unknown := set(tensors[name].tolist()) - set(kind):
            raise ValueError(f"{name} must be known codes, got {min(unknown)}")

    if "mask" in settings:
        shape = mask_of(settings["mask"]).shape[1:]
        side = tensors["factual"].shape[2:]

        if shape != side:
            raise ValueError(
                f"its mask must be of the images' size, {tuple(side)}, got "
                f"{tuple(shape)}"
            )


def _check_shapes(tensors: Mapping[str, Tensor], paths: Sequence[SearchPath]) -> None:
    for name, axes in AXES.items():
        if tensors[name].ndim != axes:
            raise ValueError(f"{name} must have {axes} axes, got {tensors[name].ndim}")

    for name, other in ALIKE:
        one, two = tensors[name].shape, tensors[other].shape

        if one != two:
            raise ValueError(
                f"{name} must be of the shape of {other}, {tuple(two)}, got "
                f"{tuple(one)}"
            )

    size = tensors["latent"].shape[1]

    for path in paths:
        if path.latent.shape[1:] != (size,):
            raise ValueError(
                f"its paths must have {size} coordinates, got {path.latent.shape[1]}"
            )


def _check_objective(
    objective: Mapping[str, object], tensors: Mapping[str, Tensor]
) -> None:
    """Refuse an objective that no search had, or that is not of the outputs."""

    match objective:
        case {"confidence": float(confidence)} if 0 < confidence < 1:
            for name in ("outputs_before", "outputs_after"):
                confidence_of(tensors[name], tensors["target"].long())
        case {"name": "Between", "low": low, "high": high}:
            known: list[Any] = [bound for bound in (low, high) if bound is not None]

            if not known or not all(map(math.isfinite, known)):
                raise ValueError(f"its bounds must be numbers, got {low} and {high}")

            tensors["outputs_after"].reshape(len(tensors["target"]))
        case {"confidence": confidence}:
            raise ValueError(f"its confidence must be in (0, 1), got {confidence}")
