"""How errors are told: in one sentence, with a traceback where that helps."""

import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

if TYPE_CHECKING:
    from diffeo.user_code import UserCodeError

__all__ = ["tell", "warned"]

UsageError: type = typer.BadParameter.__mro__[1]  # of the click that typer brings
HERE = str(Path(__file__).parents[1])
STANDARD = sysconfig.get_path("stdlib")
INSTALLED = {"site-packages", "dist-packages"}  # folders of all other libraries
BUG, WRONG = 1, 2  # exit codes


def tell(error: Exception, *, debug: bool) -> int:
    """Print what went wrong on stderr.

    An error that this package raises about its input is one sentence. One in a file of
    the user's is followed by its traceback. Any other is a bug of this package.

    Args:
        error: What was raised.
        debug: Whether to print the whole traceback.

    Returns:
        The exit code: 1 for a bug, else 2.
    """

    words, code = _sentence(error)
    user_error = _user_error(error)
    typer.echo(f"Error: {words}", err=True)

    if debug:
        typer.echo("".join(traceback.format_exception(error)), err=True)
    elif user_error:
        typer.echo(user_error.report(), err=True)

    return code


@contextmanager
def warned(words: str) -> Iterator[None]:
    """Tell an error inside the block in a sentence, and go on.

    Args:
        words: What the error prevents.
    """

    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, the work goes on
        typer.echo(f"Warning: {words}: {_sentence(error)[0]}", err=True)


def _sentence(error: Exception) -> tuple[str, int]:
    """Return an error in a sentence, and its exit code."""

    if isinstance(error, UsageError):
        return _line(cast("typer.BadParameter", error).format_message()), WRONG

    if _is_told(error):
        return _line(str(error)), WRONG

    if user_error := _user_error(error):
        return _line(str(user_error)), WRONG

    from diffeo.memory import is_out_of_memory

    kind = _line(f"{type(error).__name__}: {error}")

    if is_out_of_memory(error):
        return f"memory ran out; a smaller --batch-size may help ({kind})", WRONG

    return (
        f"this is a bug in diffeo; the same command with --debug shows where ({kind})",
        BUG,
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _is_told(error: Exception) -> bool:
    """Return whether this package raised it about its input, or the system did."""

    if isinstance(error, OSError):
        return True

    here = _files(error)[-1].startswith(HERE)

    return here and isinstance(error, ValueError | ModuleNotFoundError)


def _user_error(error: BaseException | None) -> "UserCodeError | None":
    """Return an error that was raised, or caused, in a file of the user's."""

    if isinstance(error, UsageError):
        return None  # without the time to import PyTorch

    from diffeo.user_code import UserCodeError

    if error is None or isinstance(error, UserCodeError):
        return error

    for file in reversed(_files(error)):
        if file.startswith(HERE):
            break

        library = file.startswith((STANDARD, "<")) or INSTALLED & {*Path(file).parts}

        if not library:
            return UserCodeError(Path(file), error)

    return _user_error(error.__cause__)


def _files(error: BaseException) -> list[str]:
    """Return the file of each frame, the one that raised last."""

    frames = traceback.walk_tb(error.__traceback__)

    return [frame.f_code.co_filename for frame, _ in frames]
