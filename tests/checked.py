"""Checks of types and shapes: once for calls of a function that look alike to them."""

from collections.abc import Callable, Hashable
from functools import cache, wraps
from inspect import isfunction
from types import CodeType
from typing import Any

import jaxtyping
import numpy as np
from torch import Tensor

ARRAYS = Tensor, np.ndarray
LONGEST = 30  # characters of a word of which a check may know the value

Function = Callable[..., Any]
Seen = dict[CodeType, dict[Hashable, set[Hashable]]]


def kind(value: object) -> Hashable:
    """Return all that a check of types and shapes can tell of a value."""

    if isinstance(value, ARRAYS):
        return type(value), value.shape, value.dtype

    if isinstance(value, tuple | list):
        return type(value), *map(kind, value)

    if isinstance(value, dict):
        return type(value), *map(kind, value), *map(kind, value.values())

    if isinstance(value, type) or (isinstance(value, str) and len(value) < LONGEST):
        return type(value), value

    return type(value)


def once_for_each_kind(jaxtyped: Function, seen: Seen) -> Function:
    """Return a decorator that checks as another does, but only what it has not seen.

    What a check found of arguments and a result holds for all others of the same
    kinds.

    Args:
        jaxtyped: Returns a decorator that checks all calls.
        seen: The kinds of results of each function, by the kinds of its arguments.
    """

    def decorator_with(**settings: object) -> Function:
        checking = jaxtyped(**settings)

        return lambda part: (
            _checked(part, checking, seen) if isfunction(part) else checking(part)
        )

    return decorator_with


def _checked(function: Function, checking: Function, seen: Seen) -> Function:
    told: list[object] = []
    results = seen.setdefault(function.__code__, {})

    @wraps(function)
    def tell(*args: object, **named: object) -> object:
        return told.pop() if told else function(*args, **named)

    @cache
    def checked() -> Function:  # made where it is needed, which takes a while
        return checking(tell)

    @wraps(function)
    def call(*args: object, **named: object) -> object:
        if jaxtyping.config.jaxtyping_disable:
            return function(*args, **named)

        asked = (*map(kind, args), *named, *map(kind, named.values()))

        if asked not in results:
            result = checked()(*args, **named)
            results.setdefault(asked, set()).add(kind(result))

            return result

        result = function(*args, **named)

        if kind(result) not in results[asked]:
            told.append(result)
            checked()(*args, **named)
            results[asked].add(kind(result))

        return result

    return call
