"""Commands from functions, whose docstrings are the help."""

import inspect
import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Annotated

import typer

__all__ = ["add_command"]

EXAMPLE = "Example"


def add_command(app: typer.Typer, function: Callable[..., None]) -> None:
    """Add a function to the commands of an app.

    Its keyword-only arguments become options, the others arguments. Sections of its
    docstring become groups of options, with an entry for each; `Example` is the end.

    Args:
        app: The app.
        function: What the command does. Its name is the command's, perhaps with
            "_command" after it.

    Example:
        >>> def greet_command(*, name: str) -> None:
        ...     '''Greet somebody.
        ...
        ...     Input:
        ...         name: Who is greeted.
        ...     '''
        ...     print(f"Hello {name}")
        >>> app = typer.Typer()
        >>> add_command(app, greet_command)
        >>> app(["--name", "you"], standalone_mode=False)
        Hello you
    """

    about, *sections = re.split(
        r"^([A-Z]\w+):\n", inspect.cleandoc(function.__doc__ or ""), flags=re.MULTILINE
    )
    groups = dict(
        zip(sections[::2], map(inspect.cleandoc, sections[1::2]), strict=True)
    )
    example = groups.pop(EXAMPLE, "")
    entries = {
        name: (group, text)
        for group, body in groups.items()
        for name, text in _entries(body)
    }
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=_described(parameter, *entries[name]))
        for name, parameter in signature.parameters.items()
    ]

    @wraps(function)
    def command(**values: object) -> None:
        function(**values)

    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    paragraphs = [" ".join(part.split()) for part in about.split("\n\n")]
    app.command(
        function.__name__.removesuffix("_command"),
        help="\n\n".join(paragraphs),
        epilog=f"{EXAMPLE}s:\n\n{example}" if example else "",
    )(command)


def _entries(body: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each entry of a section."""

    _, *parts = re.split(r"^(\w+): ", body, flags=re.MULTILINE)

    for name, text in zip(parts[::2], parts[1::2], strict=True):
        yield name, " ".join(text.split())


def _described(parameter: inspect.Parameter, group: str, text: str) -> object:
    kind = parameter.annotation

    if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
        return Annotated[kind, typer.Argument(help=text)]

    flags = [f"--{parameter.name.replace('_', '-')}"]
    option = typer.Option(*flags, help=text, rich_help_panel=group)

    return Annotated[kind, option]
