"""The page of an audit: five minutes for the owner of a model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from diffeo.extras import require
from diffeo.files import write_text
from diffeo.report.section import Section
from diffeo.workflows.audit.explained import Explained
from diffeo.workflows.audit.findings import Audited
from diffeo.workflows.audit.judges import WEAK
from diffeo.workflows.audit.sentences import (
    disputes,
    failures,
    is_doubted,
    sentences,
    trusted_shares,
    way_of,
)

__all__ = ["draw_audit"]

FITTED = "what the fit of the coordinates said of them"
NEAREST = {"LatentDistance": "in the coordinates", "DataDistance": "in the data"}


def draw_audit(
    audited: Audited,
    findings: Sequence[Explained],
    summary: dict[str, Any],
    notes: Sequence[str],
    differences: Sequence[str],
    page: Path,
) -> None:
    """Write the page of an audit, complete or not at all.

    Args:
        audited: The data.
        findings: What was found in each direction.
        summary: What `audit_to_folder` told.
        notes: What to know before anything is believed, in sentences.
        differences: What changed since another audit, in sentences; none if empty.
        page: The HTML file.

    Raises:
        ModuleNotFoundError: If packages for the page are not installed.

    Example:
        >>> draw_audit(..., [], {}, (), (), Path("report.html"))  # doctest: +SKIP
    """

    require("jinja2", "matplotlib", extra="report")

    from diffeo.report.sections import render_sections

    noun, told = audited.noun, [finding.told for finding in findings]
    reached, rows = (sum(each[key] for each in told) for key in ("reached", "rows"))
    lead = (
        f"{reached} of {rows} {noun} were brought to another answer, each by a change "
        f"along {noun} that the generator knows. Below: what changed, direction by "
        "direction."
    )
    agree, judges = summary["agrees_with_folders"], summary["judges"]
    facts = {
        "model": summary["model"],
        noun: f"{summary['data'][noun]:,} in {summary['data']['name']}",
        "coordinates": summary["coordinates"],
        **({FITTED: summary["verdict"]} if summary["verdict"] else {}),
        f"the model agrees with the {noun}’ labels": "not known"
        if agree is None
        else f"on {agree:.0%} of the {noun}",
        f"judges, right on {noun} held out from them": ", ".join(
            f"{kind} {accuracy:.0%}" for kind, accuracy in judges.items()
        )
        or "none",
        **dict(_asked(summary)),
    }
    parts = [_sections(audited, finding, judges) for finding in findings]
    maps = [
        (first.title, first.pictures[0][1]) for first, *_ in parts if first.pictures
    ]
    sections = [
        Section("Since the other audit", differences),
        _in_short(audited, told, judges, maps),
        *(section for part in parts for section in part),
        Section("What this cannot say", audited.limits),
    ]
    text = render_sections(
        "What changes this model’s answers?",
        [*notes, lead],
        facts,
        sections[not differences :],
    )
    write_text(page, text)


def _asked(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what else was asked for, by its name."""

    yield from (
        (name.replace("_", " "), ", ".join(columns))
        for name, columns in summary["settings"].get("limits", {}).items()
        if columns and name != "name"
    )

    if summary["stay_typical"]:
        yield "results", "asked to be typical of the data"

    if summary["closest"]:
        names = ", then ".join(NEAREST[each["name"]] for each in summary["closest"])

        yield "results", f"brought as near to the inputs as may be, {names}"


def _in_short(
    audited: Audited,
    told: Sequence[dict[str, Any]],
    judges: dict[str, float],
    maps: Sequence[tuple[str, Tensor]],
) -> Section:
    """Return a table with a line for each direction, and which of them to doubt."""

    good = [kind for kind, accuracy in judges.items() if accuracy >= WEAK]
    head = "direction", "brought there", "changed most", "least change"
    table = [(*head, *(f"a {kind} agrees" for kind in good))]
    doubted = []
    text = []

    for each in told:
        way = way_of(each)
        line = [way, f"{each['reached']} of {each['rows']}"]

        if each["reached"]:
            shares = trusted_shares(each, judges)
            line += [audited.most(each), each["least_change"][0]["name"]]
            line += [f"{shares[kind]:.0%}" for kind in good]
            doubted += [way] * is_doubted(shares)

        table.append((*line, *[""] * (len(table[0]) - len(line))))

    if doubted:
        text.append(
            f"No judge takes half of the results of {', '.join(doubted)} for the new "
            "answer: the model may react there to what others hardly see."
        )

    if maps:
        text.append(
            "Below the table is the mean change in each direction: orange became "
            "brighter, blue darker."
        )

    return Section("In short", text, table, maps)


def _sections(
    audited: Audited, explained: Explained, judges: dict[str, float]
) -> list[Section]:
    told = explained.told
    title = way_of(told)
    page = f"{explained.direction.folder}/report.html"
    links = [(f"All {audited.noun} of this direction", page)]

    if not told["reached"]:
        text = [sentences(audited, told, judges), *failures(told)]

        return [Section(title, text, links=links)]

    distance = told["distance"]
    start = "r" if told.get("from_reconstruction") else "x"
    unit = audited.unit
    least = (
        f"{each['name']} ({each['distance']:.3g}{unit})"
        for each in told["least_change"]
    )
    text = [
        sentences(audited, told, judges),
        f"Median distance ‖x′ − {start}‖ {distance['median']:.3g} "
        f"({distance['low']:.3g} to {distance['high']:.3g}){unit}; "
        f"median steps {told['steps']:.0f}. Least change: {', '.join(least)}.",
        *failures(told),
        *disputes(told),
    ]
    first, *others = audited.sections(explained)
    whole = replace(first, title=title, text=[*text, *first.text], links=links)

    return [whole, *others]
