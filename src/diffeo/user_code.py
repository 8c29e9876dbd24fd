"""Run a function of a Python file that a user named."""

import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from torch import nn

__all__ = ["UserCodeError", "call_function"]


class UserCodeError(RuntimeError):
    """An error inside a Python file that a user named.

    Args:
        path: The user's file.
        original: What was raised there.

    Example:
        >>> print(UserCodeError(Path("net.py"), KeyError("mine")))
        net.py failed: KeyError: 'mine'
    """

    def __init__(self, path: Path, original: BaseException) -> None:
        super().__init__(f"{path} failed: {type(original).__name__}: {original}")
        self.path = path
        self.original = original

    def report(self) -> str:
        """Return whose error it is, then its traceback, from the user's file on."""

        told = traceback.TracebackException.from_exception(self.original)
        inside = [frame.filename == str(self.path) for frame in told.stack]
        start = inside.index(True) if any(inside) else len(inside)
        told.stack = traceback.StackSummary.from_list(told.stack[start:])

        return f"This error is in {self.path}, not in diffeo:\n{''.join(told.format())}"


def call_function(path: Path, name: str) -> object:
    """Run a Python file and return what one of its functions returns.

    The file can import its neighbors, as a script can.

    Args:
        path: The file.
        name: Its function, which is called without arguments.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has no such function, or one that needs arguments.
        UserCodeError: If the file or the function raises an error or exits.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "mine.py")
        ...     _ = path.write_text("def seven(): return 7")
        ...     call_function(path, "seven")
        7
    """

    if not path.is_file():
        raise FileNotFoundError(f"the model's file must exist, got {path}")

    with _user_code(path):
        place = str(path.resolve())  # as a name, which no other module has
        module = sys.modules[place] = ModuleType(place)
        module.__file__ = place
        SourceFileLoader(place, str(path)).exec_module(module)

    function = getattr(module, name, None)

    if function is None:
        raise ValueError(f"{path} must define a function {name}, got none")

    if isinstance(function, nn.Module) or not callable(function):
        raise ValueError(  # noqa: TRY004
            f"{path}:{name} must be a function, got a {type(function).__name__}"
        )

    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise ValueError(
            f"{path}:{name} must be callable without arguments, got: {error}"
        ) from None

    with _user_code(path):
        return function()


@contextmanager
def _user_code(path: Path) -> Iterator[None]:
    """Let a file import its neighbors, and tell its errors from this package's."""

    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)

    try:
        yield
    except (Exception, SystemExit) as error:
        raise UserCodeError(path, error) from error
    finally:
        with suppress(ValueError):
            sys.path.remove(folder)
