"""What a rule is: it makes one input of a command malformed."""

from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import NamedTuple

__all__ = ["Change", "Maker", "Rule", "at", "rewritten"]

Maker = Callable[[Random, Path], Path]


class Change(NamedTuple):
    """Options that are others than in a command that works.

    Args:
        options: By name; None leaves one out.
        named: What the error must name.
    """

    options: dict[str, object]
    named: str


Rule = Callable[[Random, Path], Change]


def at(name: str, makers: Iterable[Maker], named: str = "") -> tuple[Rule, ...]:
    """Rules that hand a malformed file or folder to an option.

    Args:
        name: Of the option.
        makers: Of files or folders.
        named: What errors must name; the file or folder if not given.
    """

    def rule(make: Maker) -> Rule:
        def change(random: Random, folder: Path) -> Change:
            path = make(random, folder)

            return Change({name: path}, named or path.name)

        return change

    return tuple(map(rule, makers))


def rewritten(path: Path, rule: Callable[[Random, bytes], bytes]) -> Maker:
    """A maker of a file that is another but for what a rule does to its bytes."""

    def write(random: Random, folder: Path) -> Path:
        changed = folder / path.name
        changed.write_bytes(rule(random, path.read_bytes()))

        return changed

    return write
