"""What `import diffeo` gives, and what it does not load."""

import importlib
import subprocess
import sys
import types
from importlib import metadata

import pytest

import diffeo

HEAVY = (
    "jinja2",
    "sklearn",
    "matplotlib",
    "lightning",
    "pytorch_lightning",
    "torchmetrics",
    "zuko",
)

PROGRAM = f"""
import sys, diffeo
from diffeo import explain, search, Run, AtLeast
from diffeo.report import write_pictures, write_report, write_table
print([name for name in {HEAVY} if name in sys.modules])
"""


@pytest.mark.parametrize("name", diffeo.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(diffeo, name).__doc__


@pytest.mark.parametrize("name", ["explain", "search"])
def test_functions_are_not_hidden_by_their_modules(name: str) -> None:
    module = importlib.import_module(f"diffeo.{name}")

    assert isinstance(module, types.ModuleType)
    assert getattr(diffeo, name) is getattr(module, name)
    assert callable(getattr(diffeo, name))


def test_the_version_is_that_of_the_package() -> None:
    assert diffeo.__version__ == metadata.version("diffeo")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="diffeo has no climb"):
        _ = diffeo.climb


def test_the_package_loads_none_of_the_libraries_that_few_parts_need() -> None:
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )

    assert told.stdout.strip() == "[]"
