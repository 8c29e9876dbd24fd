"""Diffeomorphic counterfactuals: what would have to change for another answer?

The public names are those of `diffeo.names`. They are imported when one of them is
first asked for, so that the command line can show its help without PyTorch.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

SHARED = "explain", "search"  # functions that have the name of the module they are in


class _Package(ModuleType):
    """A package whose functions are not hidden by the modules of the same name."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in SHARED or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


if TYPE_CHECKING:
    from diffeo.names import *  # noqa: F403
    from diffeo.names import __all__ as __all__


def __getattr__(name: str) -> object:
    public = import_module("diffeo.names")

    if name not in ("__all__", *public.__all__):
        raise AttributeError(f"diffeo has no {name}")

    return getattr(public, name)


def __dir__() -> list[str]:
    return [*globals(), *import_module("diffeo.names").__all__]


sys.modules[__name__].__class__ = _Package
