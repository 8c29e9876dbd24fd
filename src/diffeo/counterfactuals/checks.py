"""Whether what a file says is a record that a search can have returned."""

import math
from collections.abc import Mapping, Sequence, Sized
from typing import Any

from jaxtyping import jaxtyped
from torch import Tensor

from diffeo.counterfactuals.fields import STATED
from diffeo.counterfactuals.outcome import Outcome, Typicality
from diffeo.counterfactuals.path import SearchPath
from diffeo.counterfactuals.told import columns_in, words_in
from diffeo.data.masks import mask_of
from diffeo.objectives import confidence_of

__all__ = [
    "check_kinds",
    "check_lengths",
    "check_record",
    "checked_head",
    "goal_settings",
]

CODES = {"outcome": Outcome, "typical": Typicality}


def goal_settings(settings: Mapping[str, object]) -> Mapping[str, object]:
    """Return the settings of the objective, without those of penalties around it.

    Args:
        settings: Those of a search.

    Example:
        >>> inner = {"name": "TargetClass", "confidence": 0.9}
        >>> goal_settings({"objective": {"name": "Penalized", "objective": inner}})
        {'name': 'TargetClass', 'confidence': 0.9}
    """

    found = settings.get("objective")

    while isinstance(found, Mapping) and isinstance(found.get("objective"), Mapping):
        found = found["objective"]

    return found if isinstance(found, Mapping) else {}


def check_lengths(tensors: Mapping[str, Tensor], **parts: Sequence[object]) -> None:
    """Refuse parts of a record that are not of as many rows.

    Args:
        tensors: Those of a record, by name.
        **parts: What else has an entry for each row, or none at all.

    Raises:
        ValueError: If they are not, or a statement is no float for each row.

    Example:
        >>> import torch
        >>> check_lengths({"factual": torch.zeros(2, 3)}, names=("a",))
        Traceback (most recent call last):
        ValueError: names must have a row for each of 2 factuals, got 1
    """

    rows = len(tensors["factual"])
    given = {name: part for name, part in parts.items() if part}
    every: dict[str, Sized] = {**tensors, **given}

    for name, part in every.items():
        if len(part) != rows:
            raise ValueError(
                f"{name} must have a row for each of {rows} factuals, got {len(part)}"
            )

    for name, value in tensors.items():
        one = value.ndim == 1 and value.is_floating_point()

        if name.startswith(STATED) and not one:
            raise ValueError(
                f"statement {name.removeprefix(STATED)} must be a float for each row, "
                f"got {value.dtype} of shape {tuple(value.shape)}"
            )


def checked_head(head: Mapping[str, object]) -> dict[str, Any]:
    """Return the fields at the head of a record's file, if they are of their kinds.

    Args:
        head: As JSON holds them, by name.

    Raises:
        KeyError: If one is missing.
        TypeError: If one is of another kind.

    Example:
        >>> checked_head({"settings": {}, "names": ["a.png"], "batch_size": 8})
        {'settings': {}, 'names': ('a.png',), 'batch_size': 8}
    """

    settings, names, size = head["settings"], head["names"], head["batch_size"]

    if not isinstance(settings, dict) or not isinstance(names, list):
        raise TypeError("settings must be names with values, and names a list")

    if not isinstance(size, int):
        raise TypeError(f"batch_size must be a whole number, got {size}")

    return {
        "settings": settings,
        "names": tuple(map(str, names)),
        "batch_size": size,
    }


def check_kinds(tensors: Mapping[str, Tensor], kinds: Mapping[str, Any]) -> None:
    """Refuse tensors that are not of the kinds and shapes that go together.

    Args:
        tensors: Those of a record, by name.
        kinds: The type of each that it must have, whose axes of one name are as long
            in all.

    Raises:
        ValueError: If one is missing or of another type.

    Example:
        >>> import torch
        >>> from diffeo.shapes import Latent, Scores
        >>> tensors = {"latent": torch.zeros(2, 3), "margin": torch.zeros(4)}
        >>> check_kinds(tensors, {"latent": Latent, "margin": Scores})
        Traceback (most recent call last):
        ValueError: margin must be Float[Tensor, 'batch'] like the others, got ...
    """

    with jaxtyped("context"):
        for name, kind in kinds.items():
            value = tensors.get(name)
            found = "none" if value is None else f"{value.dtype} of {value.shape}"

            if not isinstance(value, kind):
                raise ValueError(  # noqa: TRY004
                    f"{name} must be {kind.__name__} like the others, got {found}"
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

    _check_objective(goal_settings(settings), tensors)
    size = tensors["latent"].shape[1:]

    if not all(path.latent.shape[1:] == size for path in paths):
        raise ValueError("its paths must be in the coordinates of its rows")

    for name, kind in CODES.items():
        if unknown := set(tensors[name].tolist()) - set(kind):
            raise ValueError(f"{name} must be known codes, got {min(unknown)}")

    _check_told(settings, tensors["factual"].shape[1:])

    if "mask" in settings:
        shape = mask_of(settings["mask"]).shape[1:]
        side = tensors["factual"].shape[2:]

        if shape != side:
            raise ValueError(
                f"its mask must be of the images' size, {tuple(side)}, got "
                f"{tuple(shape)}"
            )


def _check_told(settings: Mapping[str, object], shape: tuple[int, ...]) -> None:
    """Refuse words that are none, and columns of other data."""

    for name in ("classes", "notes"):
        words_in(settings, name)

    columns = columns_in(settings)
    features = sum(len(column.features) for column in columns)

    if columns and shape != (features,):
        raise ValueError(
            f"its columns must have the features of the data, {tuple(shape)}, got "
            f"{features}"
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
