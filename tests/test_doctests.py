"""The examples of the docstrings run as written."""

import doctest
import importlib
import pkgutil

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
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)

    assert failed == 0
