"""Every public function and class shows how it is used, and the examples run."""

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import diffeo

MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(diffeo.__path__, "diffeo.")
    if not found.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run_as_written(name: str) -> None:
    module = importlib.import_module(name)
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, _ = doctest.testmod(module, optionflags=options)

    assert failed == 0


@pytest.mark.parametrize(
    "name",
    [name for name in MODULES if ".cli" not in name],  # used at the prompt only
)
def test_every_public_function_and_class_has_an_example(name: str) -> None:
    without = [
        public
        for public, value in _defined_in(name)
        if ">>>" not in (inspect.getdoc(value) or "")
    ]

    assert not without


def _defined_in(name: str) -> Iterator[tuple[str, object]]:
    """Yield the public functions and classes that a module itself defines."""

    module = importlib.import_module(name)

    for public in getattr(module, "__all__", ()):
        value = getattr(module, public)

        if getattr(value, "__module__", None) != name:
            continue

        if inspect.isroutine(value) or inspect.isclass(value):
            yield public, value
