"""What is malformed in which command, and how often."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random
from typing import NamedTuple

from malformed.arrays import ARRAYS
from malformed.commands import COMMANDS
from malformed.folders import ANY_SIZE, FOLDERS, LABELLED
from malformed.options import OPTIONS, out_of_place
from malformed.pictures import PICTURES
from malformed.rules import Change, Maker, Rule, at, rewritten
from malformed.tables import CELLS, FEW, FILES, FITTED_CELLS
from malformed.tensors import CARDS, RECORDS, Bytes
from malformed.texts import audits, checkpoints, names, plans

__all__ = ["SUITES", "Suite", "cases", "digest"]

Rules = Callable[[Path], Iterable[Rule]]
IMAGES = *PICTURES, *ARRAYS, *FOLDERS


class Suite(NamedTuple):
    """A command, and what makes one of its inputs malformed.

    Args:
        command: One of `COMMANDS`.
        rules: Taken in turn; they get the folder of all good files.
        size: How many inputs there are, no two alike.
    """

    command: str
    rules: Rules
    size: int


def _made(name: str, *makers: Maker) -> Rules:
    return lambda _: at(name, makers)


def _cells(*makers: Maker) -> Rules:
    return lambda _: at("data", makers, "column")


def _changed(name: str, file: str, rules: Iterable[Bytes]) -> Rules:
    kept = tuple(rules)

    return lambda files: at(name, [rewritten(files / file, rule) for rule in kept])


def _same(*rules: Rule) -> Rules:
    return lambda _: rules


def _resumed(files: Path) -> Iterable[Rule]:
    """Rules of a record in the output folder, from which a search is to go on."""

    def rule(flaw: Bytes) -> Rule:
        write = rewritten(files / "explained" / "record.safetensors", flaw)

        def change(random: Random, folder: Path) -> Change:
            shutil.copytree(files / "explained", folder / "out")

            return Change({"path": True}, write(random, folder / "out").name)

        return change

    return map(rule, RECORDS)


RECORD = "record.safetensors"
SIZES = {"explain": 180, "audit": 70, "fit": 60, "explain a table": 40, "demo": 1}
SUITES = {
    "images to explain": Suite("explain", _made("data", *IMAGES), 100),
    "images to check": Suite("check", _made("data", *IMAGES), 60),
    "images for a spectrum": Suite("spectrum", _made("data", *IMAGES), 60),
    "images to audit": Suite("audit", _made("data", *IMAGES), 60),
    "images to fit": Suite("fit", _made("data", *PICTURES, *ARRAYS, *ANY_SIZE), 60),
    "masks": Suite("explain", _made("mask", *PICTURES), 40),
    "regions": Suite("audit", _made("regions", *FOLDERS), 30),
    "classes to train on": Suite("train", _made("data", *LABELLED), 50),
    "classes to judge by": Suite("evaluate", _made("data", *LABELLED[:-1]), 50),
    "references": Suite("explain", _made("typical_of", *LABELLED), 40),
    "names of classes": Suite("explain", _same(names), 20),
    "names on a page": Suite("report", _same(names), 20),
    "tables to explain": Suite("explain a table", _made("data", *FILES), 70),
    "cells to explain": Suite("explain a table", _cells(*CELLS), 60),
    "tables to fit": Suite("fit a table", _made("data", *FILES), 50),
    "cells to fit": Suite("fit a table", _cells(*FITTED_CELLS), 40),
    "few rows to fit": Suite("fit a table", lambda _: at("data", FEW, "rows"), 10),
    "records to draw": Suite("report", _changed("record", RECORD, RECORDS), 100),
    "records to judge": Suite("evaluate", _changed("record", RECORD, RECORDS), 60),
    "records to go on from": Suite("explain", _resumed, 43),
    "flows": Suite("explain", _changed("coordinates", "flow.safetensors", CARDS), 70),
    "flows to check": Suite(
        "check", _changed("coordinates", "flow.safetensors", CARDS), 40
    ),
    "flows to audit in": Suite(
        "audit", _changed("coordinates", "flow.safetensors", CARDS), 40
    ),
    "flows of tables": Suite(
        "explain a table", _changed("coordinates", "rows.safetensors", CARDS), 60
    ),
    "classifiers": Suite("explain", _changed("model", "cnn.safetensors", CARDS), 60),
    "audits to compare": Suite("audit", lambda files: audits(files / "audit.json"), 40),
    "plans to go on with": Suite("fit", _same(plans), 40),
    "checkpoints": Suite("train", _same(checkpoints), 30),
    **{
        f"places of {command}": Suite(command, _same(out_of_place), 6)
        for command in COMMANDS
    },
    **{
        f"options of {command}": Suite(command, _same(*rules), SIZES.get(command, 30))
        for command, rules in OPTIONS.items()
    },
}


def cases(name: str, files: Path, folder: Path) -> Iterator[tuple[int, Change]]:
    """Yield malformed inputs of a suite, each in a new folder, and their seeds.

    Args:
        name: Of the suite.
        files: Where all good files are.
        folder: Where the malformed one is written; it is removed before the next.
    """

    suite, seen = SUITES[name], set[str]()
    rules = tuple(suite.rules(files))

    for seed in count():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        random = Random(f"{name} {seed}")
        change = rules[seed % len(rules)](random, folder)
        key = f"{change.options}{digest(folder)}"

        if key not in seen:
            seen.add(key)

            yield seed, change

        if len(seen) == suite.size:
            return


def digest(folder: Path) -> str:
    """Return a number for all that a folder holds."""

    content = sha256()

    for path in sorted(folder.rglob("*")):
        content.update(str(path.relative_to(folder)).encode())
        content.update(path.read_bytes() if path.is_file() else b"")

    return content.hexdigest()
