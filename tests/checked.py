"""Checks of types and shapes: once for calls of a function that look alike to them."""

from collections.abc import Callable, Hashable
from functools import cache, partial, wraps
from importlib.machinery import SourceFileLoader
from inspect import isfunction
from types import CodeType
from typing import Any
from unittest.mock import patch

import jaxtyping
import numpy as np
from jaxtyping import _import_hook
from torch import Tensor

ARRAYS = Tensor, np.ndarray
LONGEST = 30  # characters of a word of which a check may know the value
FIRST, EVERY = 20, 10  # calls in a test that are looked at; then one in so many is
CALLS: dict[int, int] = {}
"""How often each function was called in the test that runs, by the id of its code.

A code object hashes all that it holds, each time.
"""

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

    return (type(value),)


def once_for_each_kind(jaxtyped: Function, seen: Seen) -> Function:
    """Return a decorator that checks as another does, but only what it has not seen.

    What a check found of arguments and a result holds for all others of the same
    kinds. Where a test calls a function many times, most calls are not looked at.

    Args:
        jaxtyped: Returns a decorator that checks all calls.
        seen: The kinds of results of each function, by the kinds of its arguments.
    """

    def decorator_with(*context: str, **settings: object) -> Function:
        checking: Function = jaxtyped(*context, **settings)

        if context:  # for a block, with no function to check
            return checking

        return lambda part: (
            _checked(part, checking, seen) if isfunction(part) else checking(part)
        )

    return decorator_with


def _checked(function: Function, checking: Function, seen: Seen) -> Function:
    told: list[object] = []
    code = function.__code__
    results, key = seen.setdefault(code, {}), id(code)

    @cache
    def checked() -> Function:  # made where it is needed, which takes a while
        @wraps(function)
        def tell(*args: object, **named: object) -> object:
            return told.pop() if told else function(*args, **named)

        made: Function = checking(tell)

        return made

    @wraps(function)
    def call(*args: object, **named: object) -> object:
        if jaxtyping.config.jaxtyping_disable:
            return function(*args, **named)

        CALLS[key] = calls = CALLS.get(key, 0) + 1

        if calls > FIRST and calls % EVERY:
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


class OwnBytecode(_import_hook._JaxtypingLoader):
    """Load a checked module, and what it imports as always.

    While it runs, other packages would be looked for among checked ones, and compiled.
    """

    exec_module = SourceFileLoader.exec_module

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code of a module, kept beside its code without checks."""

        place = partial(
            _import_hook._optimized_cache_from_source,
            self._typechecker.get_hash(),  # type: ignore[no-untyped-call]
        )

        with patch("importlib._bootstrap_external.cache_from_source", place):
            return super().get_code(fullname)


@cache
def check_once() -> None:
    """Check so whatever of the library is imported from now on."""

    jaxtyping.jaxtyped = once_for_each_kind(jaxtyping.jaxtyped, {})
    _import_hook._JaxtypingLoader = OwnBytecode  # type: ignore[misc]
