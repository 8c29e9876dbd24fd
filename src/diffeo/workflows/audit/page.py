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

__all__ = ["doubt", "draw_audit", "sentences"]

HALF = 0.5  # share of counterfactuals below which a judge's agreement is low
FITTED = "what the fit of the coordinates said of them"
NEAREST = {"LatentDistance": "in the coordinates", "DataDistance": "in the data"}
NAMED = 10  # names of data that the page lists; audit.json has all


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


def doubt(summary: dict[str, Any]) -> str:
    """Return a warning where classes seem to be called wrongly; empty if not.

    Args:
        summary: As `audit_to_folder` told it.

    Example:
        >>> doubt({"agrees_with_folders": 0.07})[:42]
        'Classes are called as the labels are, but '
    """

    agree = summary["agrees_with_folders"]

    if agree is None or agree >= HALF:
        return ""

    return (
        f"Classes are called as the labels are, but the model agrees with that in "
        f"{agree:.0%} of cases only. If its classes have another order, name them "
        "with --classes."
    )


def sentences(
    audited: Audited, told: dict[str, Any], judges: dict[str, float] | None = None
) -> str:
    """Return what was found in a direction, as a paragraph.

    Args:
        audited: The data.
        told: Of the direction, as the summary holds it.
        judges: The accuracy of each judge, by its kind; none if not given.

    Example:
        >>> from torch import zeros
        >>> from diffeo.data.images import ImageFiles
        >>> from diffeo.workflows.audit.images import AuditedImages
        >>> from diffeo.workflows.explain.images import ImagesToExplain
        >>> images = ImagesToExplain(ImageFiles(zeros(5, 1, 8, 8), ()))
        >>> told = {"from": "cat", "to": "dog", "rows": 5, "reached": 0}
        >>> sentences(AuditedImages(images, {}), told)
        'cat → dog: none of 5 images were brought there.'
    """

    way = f"{told['from']} → {told['to']}:"
    count = told["reached"] or "none"
    words = [f"{way} {count} of {told['rows']} {audited.noun} were brought there."]

    if told["reached"]:
        words += audited.words(told)
        words.append(f"The least was enough for {told['least_change'][0]['name']}.")
        words += _judged(told, judges or {})

    return " ".join(words)


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
        way = f"{each['from']} → {each['to']}"
        line = [way, f"{each['reached']} of {each['rows']}"]

        if each["reached"]:
            shares = _trusted(each, judges)
            line += [audited.most(each), each["least_change"][0]["name"]]
            line += [f"{shares[kind]:.0%}" for kind in good]
            doubted += [way] * _is_doubted(shares)

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


def _trusted(told: dict[str, Any], judges: dict[str, float]) -> dict[str, float]:
    """Return the shares for which judges agree that are right often enough."""

    return {
        kind: share
        for kind, share in told["judges"].items()
        if judges.get(kind, 0.0) >= WEAK
    }


def _is_doubted(shares: dict[str, float]) -> bool:
    return max(shares.values(), default=1.0) < HALF


def _judged(told: dict[str, Any], judges: dict[str, float]) -> Iterator[str]:
    """Yield what judges say that are right often enough."""

    shares = _trusted(told, judges)
    said = " and ".join(f"a {kind} takes {share:.0%}" for kind, share in shares.items())

    if shares:
        yield f"Judges that know nothing of the model: {said} of them for it too."

    if _is_doubted(shares):
        yield (
            "The model may react here to what others hardly see: look at the examples."
        )


def _sections(
    audited: Audited, explained: Explained, judges: dict[str, float]
) -> list[Section]:
    told = explained.told
    title = f"{told['from']} → {told['to']}"
    page = f"{explained.direction.folder}/report.html"
    links = [(f"All {audited.noun} of this direction", page)]

    if not told["reached"]:
        text = [sentences(audited, told, judges), *_failures(told)]

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
        *_failures(told),
        *_disputes(told),
    ]
    first, *others = audited.sections(explained)
    whole = replace(first, title=title, text=[*text, *first.text], links=links)

    return [whole, *others]


def _failures(told: dict[str, Any]) -> Iterator[str]:
    """Yield what did not reach its goal, and what is known of it."""

    if told["failures"]:
        yield f"Failed, {_listed(told['failures'])}."

    if told["answered"]:
        yield (
            f"Of these the model answers so for {_listed(told['answered'])}, but not "
            "as surely, or as typically, as was asked for."
        )

    if told.get("unconfirmed"):
        yield (
            "Of these the surrogate, but not the model itself, answers so for "
            f"{_listed(told['unconfirmed'])}."
        )


def _disputes(told: dict[str, Any]) -> Iterator[str]:
    """Yield where no judge says what the model does."""

    for key, what in (
        ("disputed", "No judge takes the result for the new class for"),
        ("disputed_before", "No judge agrees with the model on the input itself for"),
    ):
        if told[key]:
            yield f"{what} {_listed(told[key])}."


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if names[NAMED:] else ""

    return f"{len(names)}: {', '.join(names[:NAMED])}{more}"
