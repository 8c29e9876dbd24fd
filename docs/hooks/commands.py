"""The commands and their options, as their help tells them."""

import inspect
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, Literal, get_args, get_origin

from mkdocs.structure.pages import Page
from typer.models import CommandInfo

from diffeo.cli import app

__all__ = ["on_page_markdown"]

PAGE = "reference/command-line.md"
UNSAID = inspect.Parameter.empty, None, False, ""  # defaults


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Add all commands to their page."""

    if page.file.src_uri != PAGE:
        return markdown

    lines = [line for each in app.registered_commands for line in _described(each)]

    return "\n".join([markdown, *lines])


def _described(command: CommandInfo) -> Iterator[str]:
    function: Callable[..., Any] = inspect.unwrap(command.callback or (lambda: None))
    options = inspect.signature(command.callback or function).parameters.values()
    yield f"\n## diffeo {function.__name__}\n"
    yield command.help or ""

    for group, members in groupby(options, _group):
        yield f"\n**{group}**\n"
        yield from map(_entry, members)

    if command.epilog:
        about, *examples = command.epilog.split("\n\n")
        yield f"\n**{about.removesuffix(':')}**\n\n```sh"
        yield from (each.replace("\n", " \\\n    ") for each in examples)
        yield "```"


def _info(option: inspect.Parameter) -> Any:  # noqa: ANN401 - of typer's two kinds
    return option.annotation.__metadata__[0]


def _group(option: inspect.Parameter) -> str:
    return _info(option).rich_help_panel or "Input"


def _entry(option: inspect.Parameter) -> str:
    flag = f"--{option.name.replace('_', '-')} {_value(option.annotation.__origin__)}"
    name = flag.rstrip() if option.kind is option.KEYWORD_ONLY else option.name
    shown = "" if option.default in UNSAID else f" Default: `{option.default}`."

    return f"- `{name}`: {_info(option).help}{shown}"


def _value(kind: object) -> str:
    """Return what stands for the value of an option; nothing for a switch."""

    if get_origin(kind) is Literal:
        return "|".join(get_args(kind))

    inner = [each for each in get_args(kind) if each is not type(None)]

    if inner:
        return _value(inner[0])

    return "" if kind is bool else getattr(kind, "__name__", "value").upper()
