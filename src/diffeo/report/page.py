"""One page that shows counterfactuals to people."""

import math
import statistics
from collections.abc import Mapping, Sequence
from importlib import metadata
from operator import attrgetter

import jinja2
from markupsafe import Markup
from matplotlib.figure import Figure

from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.report import figures
from diffeo.report.cards import Cards, plan
from diffeo.report.images import BRIGHTER, DARKER, common_limit, drawable
from diffeo.report.output_text import OutputText, output_text, settings_text
from diffeo.report.path_frames import PathFrames, path_frames
from diffeo.report.report import Measure, ReportOptions
from diffeo.report.rows import Row, choose_rows, rows_of

__all__ = ["render"]

QUANTITIES = {
    "Distance in the data, ‖x′ − x‖": attrgetter("distance"),
    "Distance in the coordinates, ‖z′ − z‖": attrgetter("latent_distance"),
    "Steps": attrgetter("steps"),
}
COARSE = 48  # pictures with fewer pixels a side are drawn with visible pixels


def render(
    records: Mapping[str, Counterfactuals],
    options: ReportOptions,
    tables: Mapping[str, str],
) -> str:
    """Return the page as text.

    Args:
        records: Of the same factuals, by the name of their method.
        options: What to show beside the records.
        tables: File names of the tables of all rows, by the name of the method.
    """

    here = {name: record.to("cpu") for name, record in records.items()}
    texts = {name: output_text(here[name], options.classes) for name in here}
    rows = {name: rows_of(here[name], texts[name]) for name in here}
    longest = max(here, key=lambda name: len(here[name]))
    data = here[longest].factual
    doubts = [
        any(row.doubts for same in rows.values() for row in same[number : number + 1])
        for number in range(len(data))
    ]
    most, count = plan(here, options.rows)
    chosen = choose_rows(doubts, most)
    frames, without_path = _decode_paths(records, options.coordinates, chosen, count)
    limit = common_limit(here.values(), chosen)

    return _template().render(
        options=options,
        records=here,
        longest=longest,
        texts=texts,
        rows=rows,
        images=drawable(data),
        coarse=min(data.shape[2:], default=0) < COARSE,
        doubts=doubts,
        doubts_shown=sum(doubts[number] for number in chosen),
        chosen=chosen,
        without_path=without_path,
        limit=f"{limit:g}",
        cards=Cards(here, limit, options.features),
        frames=frames,
        typical={row.typical for same in rows.values() for row in same},
        tables=tables,
        metrics=_metrics(options.measures),
        charts=_charts(here, texts),
        median=_median,
        settings_text=settings_text,
        colors=figures.COLORS,
        darker=DARKER,
        brighter=BRIGHTER,
        version=metadata.version("diffeo"),
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.PackageLoader("diffeo", "report"),
        trim_blocks=True,
        lstrip_blocks=True,
    )

    return environment.get_template("page.html")


def _decode_paths(
    records: Mapping[str, Counterfactuals],
    coordinates: Mapping[str, Coordinates],
    chosen: Sequence[int],
    count: int,
) -> tuple[dict[str, dict[int, PathFrames]], dict[str, str]]:
    """Return the frames of each method's rows, or why it has none."""

    frames, reasons = {}, {}

    for name, record in records.items():
        having = [number for number in chosen if number < len(record)]

        if not record.paths:
            reasons[name] = "the record holds no path"
        elif name not in coordinates:
            reasons[name] = "its coordinates were not given to decode it"
        elif count == 0:
            reasons[name] = "the page would become too large"
        else:
            try:
                found = path_frames(record, coordinates[name], having, count=count)
                frames[name] = dict(zip(having, found, strict=True))
            except ValueError as error:
                reasons[name] = str(error)

    return frames, reasons


def _metrics(measures: Sequence[Measure]) -> list[tuple[Measure, Markup]]:
    """Return the first measure of each metric, and a figure of all."""

    groups: dict[str, list[Measure]] = {}

    for measure in measures:
        groups.setdefault(measure.metric, []).append(measure)

    return [(group[0], _markup(figures.intervals(group))) for group in groups.values()]


def _charts(
    records: Mapping[str, Counterfactuals], texts: Mapping[str, OutputText]
) -> list[Markup]:
    first = next(iter(texts.values()))
    after = {
        name: text.after
        for name, text in texts.items()
        if text.quantity == first.quantity
    }
    drawn = [
        figures.histograms(label, {name: of(records[name]) for name in records})
        for label, of in QUANTITIES.items()
    ]
    drawn.append(
        figures.histograms(
            f"{first.quantity.capitalize()} after",
            after,
            probability=first.is_probability,
        )
    )
    drawn += [
        figures.along_path({name: record}, figures.COLORS[place % 6 :])
        for place, (name, record) in enumerate(records.items())
        if record.paths
    ]

    return [_markup(figure) for figure in drawn]


def _markup(figure: Figure) -> Markup:
    """Return a figure as part of the page: matplotlib has escaped its texts."""

    return Markup(figures.svg(figure))


def _median(rows: Sequence[Row], column: str) -> float | None:
    """Return the median over the rows at their target."""

    values = [float(getattr(row, column)) for row in rows if row.reached]
    finite = [value for value in values if math.isfinite(value)]

    return statistics.median(finite) if finite else None
