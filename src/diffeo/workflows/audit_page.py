"""The page of an audit: five minutes for the owner of a model."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from diffeo.extras import require
from diffeo.files import write_text
from diffeo.report.images import change_sheet, common_limit, signed_difference
from diffeo.workflows.audit import AuditedDirection
from diffeo.workflows.quick_judges import WEAK

if TYPE_CHECKING:
    from diffeo.report.sections import Section

__all__ = ["doubt", "draw_audit", "sentences"]

TOP = 5  # regions that are listed
HALF = 0.5  # share of counterfactuals below which a judge's agreement is low
DISPUTED = 10  # names of disputed images that the page lists; audit.json has all
LEAST = 2  # images of least change that are shown
ENLARGED = 128  # pixels a side to which small pictures are enlarged
LOST = (
    "The coordinates are approximate: searches began at the reconstruction r of each "
    "image x, and all changes are counted from there. What was lost before, ‖r − x‖ of "
    "{:.3g} in the median, is no part of any change."
)
LIMITS = (
    "What is seen here was enough to change the model’s answer, along images that the "
    "generator knows. It does not say that nothing else would be enough, nor that the "
    "model always looks at it, nor what causes what in the world.",
    "The generator has its own gaps: what it cannot draw cannot be found. Changes that "
    "go together in its training images (hair and light, say) come together here too.",
    "The images are a sample; intervals hold the median of such samples 95 times in "
    "100.",
)


def draw_audit(
    findings: Sequence[AuditedDirection],
    summary: dict[str, Any],
    differences: Sequence[str],
    page: Path,
) -> None:
    """Write the page of an audit, complete or not at all.

    Args:
        findings: What was found in each direction.
        summary: What `audit_to_folder` told.
        differences: What changed since another audit, in sentences; none if empty.
        page: The HTML file.

    Raises:
        ModuleNotFoundError: If packages for the page are not installed.

    Example:
        >>> draw_audit([], {}, (), Path("report.html"))  # doctest: +SKIP
    """

    require("jinja2", "matplotlib", extra="report")

    from diffeo.report.sections import Section, render_sections

    told = [finding.told for finding in findings]
    reached, rows = (sum(each[key] for each in told) for key in ("reached", "rows"))
    lead = (
        f"{reached} of {rows} images were brought to another answer, each by a change "
        "along images that the generator knows. Below: what changed, direction by "
        "direction."
    )
    agree, judges = summary["agrees_with_folders"], summary["judges"]
    facts = {
        "model": summary["model"],
        "images": f"{summary['data']['images']:,} in {summary['data']['name']}",
        "coordinates": summary["coordinates"],
        "the model agrees with the images’ labels": "not known"
        if agree is None
        else f"on {agree:.0%} of the images",
        "judges, right on images held out from them": ", ".join(
            f"{kind} {accuracy:.0%}" for kind, accuracy in judges.items()
        )
        or "none",
    }
    sections = [
        Section("Since the other audit", differences),
        Section("In short", [sentences(each, judges) for each in told]),
        *map(_section, findings),
        Section("What this cannot say", LIMITS),
    ]
    text = render_sections(
        "What changes this model’s answers?",
        [*filter(None, [doubt(summary)]), lead],
        facts,
        sections[not differences :],
    )
    write_text(page, text)


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
        f"Classes are called as the labels are, but the model agrees with that on "
        f"{agree:.0%} of the images only. If its classes have another order, name them "
        "with --classes."
    )


def sentences(told: dict[str, Any], judges: Mapping[str, float] | None = None) -> str:
    """Return what was found in a direction, as a paragraph.

    Args:
        told: Of the direction, as the summary holds it.
        judges: The accuracy of each judge, by its kind; none if not given.

    Example:
        >>> told = {"from": "cat", "to": "dog", "rows": 5, "reached": 0}
        >>> sentences({**told, "failures": ["a.png"]})
        'cat → dog: none of 5 images were brought there.'
    """

    way = f"{told['from']} → {told['to']}:"

    if not told["reached"]:
        return f"{way} none of {told['rows']} images were brought there."

    (region, top), *_ = told["regions"].items()
    least, brighter = told["least_change"][0], told["brighter"]
    light = "brighter" if brighter > 0 else "darker"
    words = [
        f"{way} {told['reached']} of {told['rows']} images were brought there.",
        f"They became {light} by {abs(brighter):.1%} of the range on average.",
        f"The largest share of the change, {top['change']:.0%}, lies in {region} "
        f"({top['area']:.0%} of the area).",
        f"{least['name']} needed the least.",
    ]

    if told["after_8_bits"] < 1:
        words.append(
            f"Rounded to 8 bits, {told['after_8_bits']:.0%} still have that answer."
        )

    return " ".join([*words, *_judged(told, judges or {})])


def _judged(told: dict[str, Any], judges: Mapping[str, float]) -> Iterator[str]:
    """Yield what judges say that are right often enough."""

    shares = {
        kind: share
        for kind, share in told["judges"].items()
        if judges.get(kind, 0.0) >= WEAK
    }

    if not shares:
        return

    said = " and ".join(f"a {kind} takes {share:.0%}" for kind, share in shares.items())
    yield f"Judges that know nothing of the model: {said} of them for it too."

    if max(shares.values()) < HALF:
        yield (
            "The model may react here to what others hardly see: look at the pictures."
        )


def _section(finding: AuditedDirection) -> "Section":
    from diffeo.report.sections import Section

    told = finding.told
    title = f"{told['from']} → {told['to']}"
    page = f"{finding.direction.folder}/report.html"
    links = [("All images of this direction", page)]
    failed = f"Failed: {', '.join(told['failures'])}." if told["failures"] else ""

    if not told["reached"]:
        return Section(title, [sentences(told), failed], links=links)

    distance, start = told["distance"], "r" if told["from_reconstruction"] else "x"
    text = [
        f"Median distance ‖x′ − {start}‖ {distance['median']:.3g} "
        f"({distance['low']:.3g} to {distance['high']:.3g}); "
        f"median steps {told['steps']:.0f}. Least change: "
        + ", ".join(
            f"{each['name']} ({each['distance']:.3g})" for each in told["least_change"]
        )
        + ".",
        LOST.format(told["reconstruction_error"]) if start == "r" else "",
        failed,
        *_disputes(told),
    ]
    table = [
        ("where", "share of the change", "share of the area", "times its area"),
        *(
            (
                name,
                f"{found['change']:.0%}",
                f"{found['area']:.0%}",
                f"{found['change'] / found['area']:.1f}",
            )
            for name, found in islice(told["regions"].items(), TOP)
        ),
    ]

    return Section(
        title, list(filter(None, text)), table, _pictures(finding), links=links
    )


def _disputes(told: dict[str, Any]) -> Iterator[str]:
    """Yield where no judge says what the model does."""

    for key, what in (
        ("disputed", "No judge takes the result for the new class for"),
        ("disputed_before", "No judge agrees with the model on the image itself for"),
    ):
        names = told[key]
        more = f" and {len(names) - DISPUTED} more" if names[DISPUTED:] else ""

        if names:
            yield f"{what} {len(names)}: {', '.join(names[:DISPUTED])}{more}."


def _pictures(finding: AuditedDirection) -> list[tuple[str, Tensor]]:
    """Return mean changes, and the typical and the odd one of each cluster."""

    record = finding.record.select(finding.record.reached)
    changes = record.change
    limit = common_limit([record], range(len(record)))
    least = record.change_length.argsort()[:LEAST].tolist()
    stages = [record.factual, record.start, record.counterfactual]
    words = "before, reconstruction, after, difference of these two"

    if not finding.told["from_reconstruction"]:
        stages, words = stages[::2], "before, after, difference"

    def drawn(rows: list[int]) -> Tensor:
        return change_sheet([_enlarged(x[rows]) for x in stages], limit)

    shown = [
        _mean("mean change: orange became brighter, blue darker", changes.mean(0)),
        _mean("mean size of the change, whatever its sign", changes.abs().mean(0)),
        (
            f"least change: {words} (full color at ±{limit:g})",
            drawn(least),
        ),
    ]
    clusters = finding.told["clusters"]

    for number, cluster in enumerate(clusters, 1):
        members = cluster["members"]
        ends = members[:1] if len(members) == 1 else [members[0], members[-1]]
        caption = (
            f"kind of change {number} of {len(clusters)}, {len(members)} images; "
            f"the most typical, {cluster['closest']}, and the oddest, "
            f"{cluster['furthest']}"
        )
        shown.append((caption, drawn(ends)))

        if len(clusters) > 1:
            shown.append(
                _mean(f"mean change of kind {number}", changes[members].mean(0))
            )

    return shown


def _mean(caption: str, mean: Tensor) -> tuple[str, Tensor]:
    """Return a mean change in colors, full where it is greatest, and what it is."""

    greatest = mean.mean(0).abs().max().clamp(min=1e-6).item()
    colored = signed_difference(torch.zeros_like(mean), mean, greatest)

    return f"{caption} (full color at ±{greatest:.2g})", _enlarged(colored)


def _enlarged(image: Tensor) -> Tensor:
    times = max(1, ENLARGED // max(image.shape[-2:]))

    return image.repeat_interleave(times, -2).repeat_interleave(times, -1)
