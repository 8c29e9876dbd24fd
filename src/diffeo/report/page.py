"""One self-contained page that shows counterfactuals to people."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata, resources
from pathlib import Path

import jinja2
import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.album import Album, album
from diffeo.report.charts import Course, Histogram, course, histogram
from diffeo.report.images import drawable
from diffeo.report.measures import Measure, sections
from diffeo.report.output_text import Answers
from diffeo.report.path_frames import Reel
from diffeo.report.rows import (
    Entry,
    data_distance,
    entries,
    latent_distance,
)
from diffeo.report.scales import Linear, Scale
from diffeo.report.summary import summary
from diffeo.report.table import columns, lines

__all__ = ["Report", "Story", "write_page"]

LARGEST = 14_500_000  # bytes of a page that a mail or a browser takes without trouble
WORDS = 2_500  # bytes of all that is written about one search
COARSE = 48  # pictures with fewer pixels a side are drawn with visible pixels
LIMITS = (0.05, 0.1, 0.2, 0.5, 1.0)  # where the scale of the differences may end
NEARLY_ALL = 0.999  # of the changed pixels lie within it


@dataclass(frozen=True)
class Story:
    """What was asked, in words.

    Args:
        title: The page's headline.
        question: One sentence under it.
        model: What was explained.
        answers: How to read the model's outputs.
    """

    title: str
    question: str
    model: str
    answers: Answers


@dataclass(frozen=True)
class Report:
    """All that a page shows.

    Args:
        story: What was asked.
        records: By the name of their method; of the same factuals, of which a shorter
            record has the first.
        films: Frames of every row's path, by the name of the method; left out for
            methods that are not named.
        measures: How good the counterfactuals are, if that was measured.
    """

    story: Story
    records: Mapping[str, Counterfactuals]
    films: Mapping[str, Sequence[Reel]] = field(default_factory=dict)
    measures: Sequence[Measure] = ()


def write_page(report: Report, path: Path) -> None:
    """Write the page: one file of at most 15 MB that needs no other and no network.

    Args:
        report: What to show.
        path: The HTML file.

    Raises:
        ValueError: If the records are of different factuals, or too many to draw.
    """

    _check(report.records)
    path.write_text(render(report), encoding="utf-8")


def render(report: Report) -> str:
    """Return the page."""

    report = replace(
        report,
        records={
            name: record.map(lambda value: value.cpu())
            for name, record in report.records.items()
        },
    )
    records, answers = report.records, report.story.answers
    told = [
        entry
        for name, record in records.items()
        for entry in entries(name, record, answers)
    ]
    names = list(records)

    return _template().render(
        story=report.story,
        answers=answers,
        said=lambda margin: answers.write(answers.along(torch.tensor(margin)).item()),
        names=names,
        rows=max(len(record) for record in records.values()),
        summaries=[summary(name, records[name], answers) for name in names],
        album=_album(report),
        coarse=COARSE,
        channels=next(iter(records.values())).factual.shape[1],
        limit=f"{_limit(records):g}",
        without_film=_without_film(report),
        cards=_by_row(told),
        sections=sections(report.measures),
        histograms=_histograms(records, answers),
        course=_course(records, answers),
        doubted=[entry for entry in told if entry.doubts],
        columns=columns(told, answers.quantity),
        lines=lines(told, names),
        settings={name: record.settings for name, record in records.items()},
        version=metadata.version("diffeo"),
    )


def _template() -> jinja2.Template:
    files = resources.files("diffeo.report")
    sources = {
        name: (files / name).read_text("utf-8")
        for name in ("page.html", "page.css", "page.js")
    }
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.DictLoader(sources),
        trim_blocks=True,
        lstrip_blocks=True,
    )

    return environment.get_template("page.html")


def _check(records: Mapping[str, Counterfactuals]) -> None:
    longest = max(records.values(), key=len)

    for name, record in records.items():
        same = record.factual.shape[1:] == longest.factual.shape[1:] and torch.equal(
            record.factual, longest.factual[: len(record)]
        )

        if not same:
            raise ValueError(
                "records must be of the same factuals, or of the first of them, got "
                f"others in {name}"
            )


def _album(report: Report) -> Album | None:
    records = report.records

    if not all(drawable(record.factual) for record in records.values()):
        return None

    searches = sum(len(record) for record in records.values())

    return album(records, report.films, budget=LARGEST - WORDS * searches)


def _limit(records: Mapping[str, Counterfactuals]) -> float:
    """Return where the common scale of differences ends."""

    changes = torch.cat(
        [
            (record.counterfactual - record.factual).abs().flatten()
            for record in records.values()
        ]
    ).nan_to_num()
    changed = changes[changes > 1 / 255].sort().values
    last = math.ceil(NEARLY_ALL * len(changed)) - 1
    most = changed[last].item() if len(changed) else 0.0

    return next((limit for limit in LIMITS if most <= limit), LIMITS[-1])


def _without_film(report: Report) -> dict[str, str]:
    """Return why a method has no film, for those that have none."""

    return {
        name: "the record holds no path"
        if record.path.shape[1] < 2
        else "its coordinates were not given to decode the path"
        for name, record in report.records.items()
        if name not in report.films
    }


def _by_row(told: Sequence[Entry]) -> list[list[Entry]]:
    rows: dict[int, list[Entry]] = {}

    for entry in told:
        rows.setdefault(entry.row, []).append(entry)

    return [rows[row] for row in sorted(rows)]


def _histograms(
    records: Mapping[str, Counterfactuals], answers: Answers
) -> list[Histogram]:
    quantities: dict[str, tuple[Callable[[Counterfactuals], Tensor], Scale]] = {
        "Distance in the data, ‖x′ − x‖": (data_distance, Linear()),
        "Distance in the coordinates, ‖z′ − z‖": (latent_distance, Linear()),
        "Steps": (lambda record: record.steps.float(), Linear()),
        f"{answers.quantity.capitalize()} after": (
            lambda record: answers.strength(record.outputs_after, record.target),
            answers.scale,
        ),
    }
    drawn = []

    for title, (rule, scale) in quantities.items():
        values = {name: rule(record) for name, record in records.items()}

        if any(bool(value.isfinite().any()) for value in values.values()):
            drawn.append(histogram(title, values, scale))

    return drawn


def _course(records: Mapping[str, Counterfactuals], answers: Answers) -> Course | None:
    paths = {
        name: answers.along(record.path_margin)
        for name, record in records.items()
        if record.path_margin.shape[1] > 1
    }

    if not paths:
        return None

    title = f"{answers.along_quantity.capitalize()} along the search"

    return course(title, paths, answers.needed, answers.scale, Linear())
