"""A report: one page, and tables of all rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.extras import require
from diffeo.files import write_text
from diffeo.report.images import plain_name
from diffeo.report.rows import write_table
from diffeo.report.section import Section
from diffeo.several import alternatives

__all__ = ["Measure", "ReportOptions", "each_alternative", "write_report"]

Records = Mapping[str, Counterfactuals]


@dataclass(frozen=True)
class Measure:
    """What a metric says of one method.

    Args:
        metric: Name of the metric.
        method: Whose counterfactuals, or which control, were judged.
        value: Value of the metric.
        low: Lower end of its interval; NaN where there is none.
        high: Upper end of its interval; NaN where there is none.
        higher_is_better: None where neither direction is good in itself.
        how_to_read: A sentence for people.
        control: Whether the method is a yardstick instead of a method.

    Example:
        >>> Measure("ssim", "ours", 0.8, 0.7, 0.9, True, "How alike.").control
        False
    """

    metric: str
    method: str
    value: float
    low: float
    high: float
    higher_is_better: bool | None
    how_to_read: str
    control: bool = False


@dataclass(frozen=True)
class ReportOptions:
    """What a page shows beside its records.

    Args:
        title: Headline; what was asked for if empty.
        question: Sentence below the headline; what was asked for if empty.
        classes: What the classes are called, in order; their numbers if empty.
        features: What the features of data that are no images are called, in order;
            their places if empty.
        sections: What is to be read before the rows.
        coordinates: Where a record searched, by the record's name: to decode its paths,
            which are left out otherwise.
        measures: What metrics say of the records and of controls.
        notes: Sentences to know before anything on the page is believed.
        rows: Most rows to show.

    Example:
        >>> ReportOptions(notes=("The judges were hardly trained.",)).rows
        200
    """

    title: str = ""
    question: str = ""
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    sections: Sequence[Section] = ()
    coordinates: Mapping[str, Coordinates] = field(default_factory=dict)
    measures: Sequence[Measure] = ()
    notes: tuple[str, ...] = ()
    rows: int = 200


def write_report(
    records: Records,
    folder: Path,
    options: ReportOptions | None = None,
) -> Path:
    """Write report.html and, beside it, a table of all rows of each record.

    Several counterfactuals of one input stand side by side.

    Args:
        records: Of the same factuals, by the name of their method; a shorter record has
            the first of them.
        folder: Where to write.
        options: What to show beside the records.

    Returns:
        The path of the page, one file of at most 15 MB that needs no network.

    Raises:
        ModuleNotFoundError: If the extra of reports is not installed.
        ValueError: If the records are of different factuals, or names are not one for
            each class or feature.

    Example:
        >>> import tempfile
        >>> from diffeo import Identity, TargetClass, search
        >>> record = search(
        ...     torch.zeros(4, 2), lambda x: 3 * x, TargetClass(1), Identity((2,))
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_report({"in the data": record}, Path(folder)).name
        'report.html'
    """

    options = options or ReportOptions()
    parts, whose = each_alternative(records)
    _check(parts, options)
    tables = {
        name: f"summary-{place}-{plain_name(name)}.csv"
        for place, name in enumerate(records, 1)
    }

    if len(records) == 1:
        tables = dict.fromkeys(records, "summary.csv")

    for name, table in tables.items():
        write_table(records[name], folder / table, options.classes)

    require("jinja2", "matplotlib", extra="report")
    from diffeo.report.page import render

    given = options.coordinates
    places = {part: given[name] for part, name in whose.items() if name in given}
    page = folder / "report.html"
    text = render(
        parts,
        replace(options, coordinates=places),
        {part: tables[name] for part, name in whose.items()},
    )
    write_text(page, text)

    return page


def each_alternative(
    records: Records,
) -> tuple[dict[str, Counterfactuals], dict[str, str]]:
    """Return a record for each of several counterfactuals of an input.

    Args:
        records: By the name of their method.

    Returns:
        The parts of the records by names of their own, and which record each is of.

    Example:
        >>> from diffeo import Identity, TargetClass
        >>> from diffeo.several import search_several
        >>> x, place, goal = torch.zeros(2, 2), Identity((2,)), TargetClass(1)
        >>> record = search_several(x, lambda x: 3 * x, goal, place, count=2)
        >>> each_alternative({"ours": record})[1]
        {'1 of 2': 'ours', '2 of 2': 'ours'}
    """

    parts: dict[str, Counterfactuals] = {}
    whose: dict[str, str] = {}

    for name, record in records.items():
        several = alternatives(record)

        for number, part in enumerate(several, 1):
            place = f"{number} of {len(several)}"
            named = place if len(records) == 1 else f"{name}, {place}"
            called = named if len(several) > 1 else name
            parts[called], whose[called] = part, name

    return parts, whose


def _check(records: Records, options: ReportOptions) -> None:
    longest = max(records.values(), key=len)
    features = longest.factual.shape[1:].numel()

    if options.features and len(options.features) != features:
        raise ValueError(
            f"features must name each of {features} features, got "
            f"{len(options.features)} names"
        )

    for name, record in records.items():
        wanted = longest.factual[: len(record)].cpu()

        if not torch.equal(record.factual.cpu(), wanted):
            raise ValueError(
                "records must be of the same factuals, or of the first of them, got "
                f"others in {name}"
            )
