import importlib
import types

import pytest

import diffeo
from diffeo import names


@pytest.mark.parametrize("name", names.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(diffeo, name) is getattr(names, name)
    assert name in dir(diffeo)


@pytest.mark.parametrize("name", ["explain", "search"])
def test_functions_are_not_hidden_by_their_modules(name: str) -> None:
    module = importlib.import_module(f"diffeo.{name}")

    assert isinstance(module, types.ModuleType)
    assert getattr(diffeo, name) is getattr(module, name)
    assert callable(getattr(diffeo, name))


@pytest.mark.parametrize("name", ["nonsense"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(diffeo, name)
