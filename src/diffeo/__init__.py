"""Diffeomorphic counterfactuals: what would have to change for another answer?

The public names are those of `diffeo.names`. They are imported when one of them is
first asked for, so that the command line can show its help without PyTorch.
"""

import sys
from importlib import import_module, metadata
from types import ModuleType
from typing import TYPE_CHECKING

SHARED = "explain", "search"  # functions that have the name of the module they are in
LATE = "ZukoFlow", "zoo"  # imported where they are used first, for what they need


class _Package(ModuleType):
    """A package whose functions are not hidden by the modules of the same name."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in SHARED or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


if TYPE_CHECKING:
    from diffeo import zoo as zoo
    from diffeo.coordinates.zuko import ZukoFlow as ZukoFlow
    from diffeo.names import *  # noqa: F403

    __all__: list[str]


def __getattr__(name: str) -> object:
    if name == "__version__":
        return metadata.version("diffeo")

    if name == "zoo":
        return import_module("diffeo.zoo")

    if name == "ZukoFlow":
        return import_module("diffeo.coordinates.zuko").ZukoFlow

    public = _public()

    if name == "__all__":
        return sorted([*public, *LATE])

    if name not in public:
        raise AttributeError(f"diffeo has no {name}")

    return public[name]


def __dir__() -> list[str]:
    return [*globals(), *_public(), *LATE]


def _public() -> dict[str, object]:
    """Return the functions and classes of `diffeo.names`."""

    every = vars(import_module("diffeo.names"))

    return {
        name: value
        for name, value in every.items()
        if callable(value) and not name.startswith("_")
    }


sys.modules[__name__].__class__ = _Package
