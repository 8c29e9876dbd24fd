"""What an audit found, in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from diffeo.workflows.audit.findings import Audited
from diffeo.workflows.audit.judges import WEAK

__all__ = [
    "disputes",
    "doubt",
    "failures",
    "is_doubted",
    "sentences",
    "trusted_shares",
    "verdicts",
    "way_of",
]

HALF = 0.5  # share of counterfactuals below which a judge's agreement is low
NAMED = 10  # names of data that are listed; audit.json has all


def way_of(told: Mapping[str, Any]) -> str:
    """Return what a direction is called.

    Args:
        told: Of the direction, as audit.json holds it.

    Example:
        >>> way_of({"from": "cat", "to": "dog"})
        'cat → dog'
    """

    return f"{told['from']} → {told['to']}"


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

    way, count = way_of(told), told["reached"] or "none"
    words = [f"{way}: {count} of {told['rows']} {audited.noun} were brought there."]

    if told["reached"]:
        words += audited.words(told)
        words.append(f"The least was enough for {told['least_change'][0]['name']}.")
        words += verdicts(told, judges or {})

    return " ".join(words)


def trusted_shares(
    told: Mapping[str, Any], judges: Mapping[str, float]
) -> dict[str, float]:
    """Return the shares for which judges agree that are right often enough.

    Args:
        told: Of the direction, as audit.json holds it.
        judges: The accuracy of each judge, by its kind.

    Example:
        >>> trusted_shares({"judges": {"net": 0.9, "bad": 0.1}}, {"net": 0.8})
        {'net': 0.9}
    """

    return {
        kind: share
        for kind, share in told["judges"].items()
        if judges.get(kind, 0.0) >= WEAK
    }


def is_doubted(shares: Mapping[str, float]) -> bool:
    """Return whether there are judges, and none agrees with half of the results.

    Args:
        shares: For which each judge agrees, by its kind.

    Example:
        >>> is_doubted({"net": 0.4, "tree": 0.3}), is_doubted({})
        (True, False)
    """

    return max(shares.values(), default=1.0) < HALF


def verdicts(told: Mapping[str, Any], judges: Mapping[str, float]) -> Iterator[str]:
    """Yield what judges say that are right often enough.

    Args:
        told: Of the direction, as audit.json holds it.
        judges: The accuracy of each judge, by its kind.

    Example:
        >>> next(verdicts({"judges": {"net": 0.9}}, {"net": 0.8}))
        'Judges that know nothing of the model: a net takes 90% of them for it too.'
    """

    shares = trusted_shares(told, judges)
    said = " and ".join(f"a {kind} takes {share:.0%}" for kind, share in shares.items())

    if shares:
        yield f"Judges that know nothing of the model: {said} of them for it too."

    if is_doubted(shares):
        yield (
            "The model may react here to what others hardly see: look at the examples."
        )


def failures(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield what did not reach its goal, and what is known of it.

    Args:
        told: Of the direction, as audit.json holds it.

    Example:
        >>> list(failures({"failures": ["No. 3"], "answered": []}))
        ['Failed, 1: No. 3.']
    """

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


def disputes(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield where no judge says what the model does.

    Args:
        told: Of the direction, as audit.json holds it.

    Example:
        >>> list(disputes({"disputed": ["No. 3"], "disputed_before": []}))
        ['No judge takes the result for the new class for 1: No. 3.']
    """

    for key, what in (
        ("disputed", "No judge takes the result for the new class for"),
        ("disputed_before", "No judge agrees with the model on the input itself for"),
    ):
        if told[key]:
            yield f"{what} {_listed(told[key])}."


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if names[NAMED:] else ""

    return f"{len(names)}: {', '.join(names[:NAMED])}{more}"
