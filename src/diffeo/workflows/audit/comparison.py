"""What changed between the audits of two versions of a model."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cosine_similarity

from diffeo.workflows.audit.audit import FORMAT, VERSION

__all__ = ["compare_audits", "read_audit"]

DIFFER = {"data": "differ", "coordinates": "differ", "confidence": "differs"}
SHARE = 0.05  # difference of shares that is worth a sentence
SHIFT = 0.25  # difference of medians, in standard deviations, that is worth one
ALIKE = 0.5  # cosine of mean changes below which they differ
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


def read_audit(path: Path, noun: str) -> dict[str, Any]:
    """Read an audit.json.

    Args:
        path: The file.
        noun: What data of the kind are called that it must be of, "images" or "rows".

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is anything else.

    Example:
        >>> read_audit(Path("none.json"), "rows")
        Traceback (most recent call last):
        FileNotFoundError: compare must be an audit.json, got none.json
    """

    if not path.is_file():
        raise FileNotFoundError(f"compare must be an audit.json, got {path}")

    try:
        found = dict(json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError, RecursionError):
        found = {}

    if (found.get("format"), found.get("version")) != (FORMAT, VERSION):
        raise ValueError(
            f"compare must be an audit.json of version {VERSION}, got {path}, which is "
            "none"
        )

    try:
        compare_audits(found, found)
    except UNREADABLE as error:
        raise ValueError(
            f"compare must be an audit.json as it was written, got {path}, which was "
            f"changed ({type(error).__name__}: {error})"
        ) from None

    if _noun(found) != noun:
        raise ValueError(
            f"compare must be an audit.json of {noun}, got {path}, of {_noun(found)}"
        )

    return found


def compare_audits(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return what changed from one audit to another, in sentences.

    Args:
        old: As `read_audit` returns it.
        new: As `audit_to_folder` told it.

    Example:
        >>> audit = {"data": {"digest": "a"}, "answers": [0, 1], "model": "m"}
        >>> audit |= {"directions": [], "coordinates": "c", "confidence": 0.99}
        >>> compare_audits(audit, {**audit, "answers": [1, 1]})[0]
        'm answers otherwise than m for 50.0% of the images.'
    """

    told = [
        f"The {what} {differ} ({_name(old, what)}, now {_name(new, what)}), so some of "
        "what follows may come from that."
        for what, differ in DIFFER.items()
        if _name(old, what) != _name(new, what)
    ]

    if _settings(old) != _settings(new):
        told.append(
            "Searches were asked for otherwise, such as which columns may change, so "
            "some of what follows may come from that."
        )

    if old["data"]["digest"] == new["data"]["digest"]:
        pairs = list(zip(old["answers"], new["answers"], strict=False))
        other = sum(one != two for one, two in pairs) / len(pairs)
        told.append(
            f"{new['model']} answers otherwise than {old['model']} for {other:.1%} of "
            f"the {_noun(new)}."
        )

    before, after = (
        {(each["from"], each["to"]): each for each in audit["directions"]}
        for audit in (old, new)
    )
    told += [f"{_way(way)} is no longer there." for way in before if way not in after]
    told += [f"{_way(way)} is new." for way in after if way not in before]

    for way in before:
        if way in after:
            words = "; ".join(_differences(before[way], after[way], _noun(new)))
            told.append(f"{_way(way)}: {words or 'no difference to speak of'}.")

    return told


def _differences(old: dict[str, Any], new: dict[str, Any], noun: str) -> list[str]:
    found = []

    if (old["reached"], old["rows"]) != (new["reached"], new["rows"]):
        found.append(
            f"{new['reached']} of {new['rows']} {noun} were brought there, before "
            f"{old['reached']} of {old['rows']}"
        )

    if not (old["reached"] and new["reached"]):
        return found

    (median, low, high), (after, least, most) = (
        [float(each["distance"][name]) for name in ("median", "low", "high")]
        for each in (old, new)
    )

    if least > high or most < low:
        more = "more" if after > median else "less"
        found.append(
            f"it takes {more} change, {after:.3g} ({least:.3g} to {most:.3g}), before "
            f"{median:.3g} ({low:.3g} to {high:.3g})"
        )

    return [*found, *_places(old, new)]


def _places(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Yield where changes lie now, if elsewhere."""

    for name in filter(old["regions"].__contains__, new["regions"]):
        one, two = (each["regions"][name]["change"] for each in (old, new))

        if abs(two - one) >= SHARE:
            yield f"{two:.0%} of the change lies in {name}, before {one:.0%}"

    yield from _medians(old.get("columns", {}), new.get("columns", {}))

    was, now = (torch.tensor(each["map"]).flatten() for each in (old, new))

    if was.shape == now.shape:
        alike = cosine_similarity(was, now, dim=0).item()

        if alike < ALIKE:
            yield f"the mean change is another (a cosine of {alike:.2f} between both)"


def _medians(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Yield which columns of numbers move otherwise now."""

    for name in filter(old.__contains__, new):
        found = [
            (float(each[name]["median"]), float(each[name]["deviations"]))
            for each in (old, new)
            if "commonest" not in each[name]
        ]

        if len(found) > 1 and abs(found[1][1] - found[0][1]) >= SHIFT:
            was, now = (f"{median:+.4g} ({size:+.2f} σ)" for median, size in found)
            yield f"{name} moves by {now} in the median, before by {was}"


def _noun(audit: dict[str, Any]) -> str:
    return "rows" if "rows" in audit["data"] else "images"


def _settings(audit: dict[str, Any]) -> str:
    """Return what else was asked for; nothing in audits that do not tell it."""

    asked = {"settings": {}, "stay_typical": False, "closest": []}
    told = {name: audit.get(name, nothing) for name, nothing in asked.items()}

    return json.dumps(told, sort_keys=True)


def _name(audit: dict[str, Any], what: str) -> object:
    value = audit[what]

    return value["digest"] if what == "data" else value


def _way(way: tuple[str, str]) -> str:
    return " → ".join(way)
