"""Packages that only some of the work needs."""

from importlib.util import find_spec

__all__ = ["require"]


def require(*packages: str, extra: str) -> None:
    """Check that packages are installed, without importing them.

    Args:
        packages: The names that they are imported by.
        extra: The extra of this package that installs them.

    Raises:
        ModuleNotFoundError: If one is missing; the message tells how to install it.

    Example:
        >>> require("json", extra="train")
        >>> require("no_such_package", extra="train")
        Traceback (most recent call last):
        ModuleNotFoundError: no_such_package is missing: pip install 'diffeo[train]'
    """

    for package in packages:
        if find_spec(package) is None:
            raise ModuleNotFoundError(
                f"{package} is missing: pip install 'diffeo[{extra}]'",
                name=package,
            )
