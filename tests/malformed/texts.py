"""JSON and text files that are not as they were written, and broken checkpoints."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import torch

from malformed.rules import Change, Rule

__all__ = ["audits", "checkpoints", "names", "plans"]

BROKEN = b"", b"{", b"nul", b"\xff\xfe{}", b"[" * 100_000, b"{'a': 1}", b"\x00", b"{}}"
OTHERS = b"null", b"3", b"[]", b'"text"', b"{}", b"[[1]]", b'[["a", 1]]', b"true"
Json = dict[str, Any]
NEEDED = (  # where an audit holds what a comparison needs
    ("format",), ("version",), ("data",), ("model",), ("coordinates",), ("confidence",),
    ("answers",), ("directions",), ("data", "digest"), ("directions", 0, "from"),
    ("directions", 0, "to"), ("directions", 0, "rows"), ("directions", 0, "reached"),
    ("directions", 0, "distance"), ("directions", 0, "regions"),
    ("directions", 0, "map"), ("directions", 0, "distance", "median"),
    ("directions", 0, "distance", "low"), ("directions", 0, "distance", "high"),
    ("directions", 0, "regions", "left", "change"),
)  # fmt: skip


def _without(found: Json, place: tuple[Any, ...]) -> None:
    inside: Any = found

    for key in place[:-1]:
        inside = inside[key]

    del inside[place[-1]]


def _with(found: Json, place: tuple[Any, ...], value: object) -> None:
    inside: Any = found

    for key in place[:-1]:
        inside = inside[key]

    inside[place[-1]] = value


def _audit(random: Random, found: Json) -> None:
    if random.random() < 0.5:
        _without(found, random.choice(NEEDED))
    else:
        kinds = [place for place in NEEDED if place[-1] not in WHATEVER]
        _with(
            found, random.choice(kinds), random.choice((None, "text", [None], {"a": 1}))
        )


WHATEVER = (
    "model",
    "coordinates",
    "confidence",
    "digest",
    "rows",
    "reached",
    "answers",
    "from",
    "to",
)


def audits(path: Path) -> tuple[Rule, ...]:
    """Rules of audits to compare with."""

    def flawed(random: Random, folder: Path) -> Change:
        found = json.loads(path.read_bytes())
        _audit(random, found)

        return _written(json.dumps(found).encode(), folder)

    def broken(random: Random, folder: Path) -> Change:
        return _written(random.choice((*BROKEN, *OTHERS)), folder)

    def cut(random: Random, folder: Path) -> Change:
        content = path.read_bytes()

        return _written(content[: random.randrange(len(content))], folder)

    def _written(content: bytes, folder: Path) -> Change:
        (folder / "audit.json").write_bytes(content)

        return Change({"compare": folder / "audit.json"}, "audit.json")

    return flawed, flawed, cut, broken


def names(random: Random, folder: Path) -> Change:
    """Names of classes that are no text, or not as many as there are classes."""

    count = random.choice((0, 1, 2, 4, random.randint(5, 300)))
    lines = "\n".join(f"class {random.random()}" for _ in range(count)).encode()
    path = folder / "classes.txt"
    path.write_bytes(random.choice((lines, b"\xff" + lines, lines + b"\xc3\n")))

    return Change({"classes": path}, "classes")


def plans(random: Random, folder: Path) -> Change:
    """A training is to go on whose plan is not as it was written."""

    request = {"data": "", "minutes": 60.0, "epochs": 1, "seed": 0, "given": []}
    plan = {"form": "small", "seconds": 0.1, "images": 10, "batch_size": 5, "epochs": 1}
    found: Json = {"request": request, "plan": plan}
    name = random.choice(list(plan)[1:])
    flaws: tuple[Callable[[], object], ...] = (
        lambda: _without(found, ("plan", random.choice(list(plan)))),
        lambda: _without(found, (random.choice(("plan", "request")),)),
        lambda: _with(
            found, ("plan", name), random.choice((-1, "many", None, [1], {}))
        ),
        lambda: _with(found, ("plan", f"more {random.random()}"), 1),
        lambda: _with(found, ("plan",), random.choice((None, 3, [1], "text"))),
        lambda: _with(found, ("request",), random.choice((None, 3, [1], "text"))),
        lambda: _with(found, ("request", random.choice(list(request))), "another"),
    )
    random.choice(flaws)()
    content = json.dumps(found).encode()
    content = random.choice(
        (content, content, content, random.choice((*BROKEN, *OTHERS)))
    )
    training = folder / "out.training"
    training.mkdir()
    (training / "plan.json").write_bytes(content)

    return Change({"resume": True}, "out.training")


def checkpoints(random: Random, folder: Path) -> Change:
    """A training is to go on from what is no checkpoint of it."""

    content = BytesIO()
    state = {"weight": torch.full((3,), random.random())}
    kept = random.choice(
        [
            state,
            [state],
            None,
            random.random(),
            {"epoch": 0, "current_model_state": state},
            {"epoch": 0, "current_model_state": random.choice((None, [1], {"a": 1}))},
            {"state_dict": state, "epoch": random.randrange(99)},
        ]
    )
    torch.save(kept, content)
    whole = content.getvalue()
    flaws = whole, whole[: random.randrange(len(whole))], random.randbytes(50), b""
    (folder / "out").mkdir()
    (folder / "out" / "last.ckpt").write_bytes(random.choice(flaws))

    return Change({"resume": True}, "last.ckpt")
