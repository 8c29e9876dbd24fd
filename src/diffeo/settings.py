"""Frozen settings as plain names and values, for a record to keep as JSON."""

import dataclasses
import math

import torch

__all__ = ["describe"]


def describe(part: object) -> dict[str, object]:
    """Return the name of a part's class with its settings.

    Fields that a part leaves out of its `repr`, such as networks and data, are left
    out here too.

    Args:
        part: A frozen record of settings; of any other object only the name is told.

    Example:
        >>> from diffeo.ascents import NormalizedGradient, Polyak
        >>> describe(NormalizedGradient(0.5))
        {'name': 'NormalizedGradient', 'rate': 0.5}
    """

    fields: tuple[dataclasses.Field[object], ...] = ()

    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        fields = dataclasses.fields(part)

    values = {
        field.name: _plain(getattr(part, field.name)) for field in fields if field.repr
    }

    name = getattr(part, "__name__", type(part).__name__)  # functions have one

    return {"name": name, **values}


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None

    if value is None or isinstance(value, bool | int | float | str):
        return value

    if isinstance(value, torch.dtype):
        return str(value)

    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]

    return describe(value)
