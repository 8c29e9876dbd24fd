"""Every command that the README and the docs show is there, with its options."""

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from benchmarks.__main__ import run
from diffeo.cli import app
from reproduction.__main__ import app as reproduction

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
    "optional-dependencies"
]
PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
]
benchmarks = typer.Typer()
benchmarks.command()(run)
GROUPS = {
    ("diffeo",): get_command(app),
    ("python", "-m", "reproduction"): get_command(reproduction),
    ("python", "-m", "benchmarks"): get_command(benchmarks),
}
OUTSIDE = ("python3", "-m", "venv"), (".", ".venv/bin/activate"), ("cp",)  # not ours


def blocks(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of the blocks for a shell."""

    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            for part in line.split("&&"):
                if words := shlex.split(part, comments=True):
                    yield words


def spans(text: str) -> Iterator[list[str]]:
    """Yield the words of each piece of code within a sentence."""

    sentences = re.sub(r"```.*?```", "", text, flags=re.DOTALL)

    for span in re.findall(r"`([^`]+)`", sentences):
        yield span.split()


def check(words: list[str]) -> None:
    """Parse a command as if it were run, and refuse one that is not known."""

    for start, group in GROUPS.items():
        if tuple(words[: len(start)]) == start:
            parse(group, words[len(start) :])

            return

    match words:
        case ["make", *targets]:
            assert all(f"\n{target}:" in MAKEFILE for target in targets), words
        case ["pip", "install", what]:
            assert set(re.findall(r"\w+", what)) <= {*EXTRAS, "diffeo"}, words
        case _:
            assert any(tuple(words[: len(each)]) == each for each in OUTSIDE), words


def parse(command: Any, words: list[str]) -> None:  # noqa: ANN401 - of typer's click
    while isinstance(command, TyperGroup):
        name, *words = words
        command = command.commands[name]

    command.make_context(command.name, list(words))


def options(command: Any) -> Iterator[str]:  # noqa: ANN401 - of typer's click
    """Yield all options of a command, and of those in it."""

    for parameter in command.params:
        yield from parameter.opts

    for each in members(command).values():
        yield from options(each)


def members(command: Any) -> Mapping[str, Any]:  # noqa: ANN401 - of typer's click
    return command.commands if isinstance(command, TyperGroup) else {}


OPTIONS = {"--help", *(each for group in GROUPS.values() for each in options(group))}


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_blocks_can_be_parsed(page: str) -> None:
    for words in blocks((ROOT / page).read_text()):
        check(words)


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_sentences_have_names_and_options_that_exist(page: str) -> None:
    for words in spans((ROOT / page).read_text()):
        for word in words:
            assert not re.fullmatch("--[a-z-]+", word) or word in OPTIONS, words

        for start, group in GROUPS.items():
            if tuple(words[: len(start)]) == start:
                name = next(iter(words[len(start) :]), "")
                known = members(group) or {name}
                assert not name.islower() or name[0] == "-" or name in known, words


@pytest.mark.parametrize(
    "line",
    [
        "diffeo explian --out a",
        "diffeo demo --outt a",
        "diffeo demo --out",
        "python -m reproduction mnits",
        "make demos",
        "pip install '.[al]'",
        "rm -r results",
    ],
)
def test_a_command_that_is_not_there_is_noticed(line: str) -> None:
    (words,) = blocks(f"```sh\n{line}\n```")

    with pytest.raises(Exception, match=r".+"):
        check(words)
