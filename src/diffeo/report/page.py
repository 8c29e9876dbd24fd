"""One page that shows counterfactuals to people."""

import math
import statistics
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import zip_longest

from matplotlib.figure import Figure

from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.counterfactuals.start import keeps_what_is_lost
from diffeo.counterfactuals.told import columns_in
from diffeo.data.masks import mask_of
from diffeo.report import cards, figures, images
from diffeo.report.output_text import OutputText, output_text, settings_text
from diffeo.report.path_frames import PathFrames, path_frames
from diffeo.report.report import ReportOptions
from diffeo.report.rows import choose_rows, describe_rows
from diffeo.report.sections import template
from diffeo.report.statement_text import in_order, statement_of, statement_texts
from diffeo.report.table_changes import changes_in_words

__all__ = ["render"]

QUANTITIES = {
    "distance": "Distance in the data, ‖x′ − x‖",
    "latent_distance": "Distance in the coordinates before clamping, ‖z′ − z‖",
    "steps": "Steps",
}
APART = "Distance of two x′ over that to x"
OF_INPUT = "diversity_data", "diversity_latent", "determinant", "distinct"
DIVERSITY = {
    "diversity_data": "in the data",
    "diversity_latent": "in the coordinates",
}


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

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> options = ReportOptions(classes=("cat",))
        >>> render({"ours": record}, options, {"ours": "summary.csv"})
        Traceback (most recent call last):
        ValueError: classes must name each of the model's 2 classes, got 1 names
    """

    here = {name: record.to("cpu") for name, record in records.items()}
    texts = {name: output_text(here[name], options.classes) for name in here}
    rows = {name: describe_rows(here[name], texts[name]) for name in here}
    longest = max(here, key=lambda name: len(here[name]))
    doubts = [
        any(row and row["doubts"] for row in same)
        for same in zip_longest(*rows.values())
    ]
    most, count = cards.plan(here, options.rows)
    chosen = choose_rows(doubts, most)
    stated = [name for record in here.values() for name in record.statements]
    frames, without_path = _decode_paths(records, options.coordinates, chosen, count)
    limit = images.common_limit(here.values(), chosen)
    of_table = all(columns_in(record.settings) for record in here.values())

    return template("page.html").render(
        options=options,
        records=here,
        longest=longest,
        texts=texts,
        rows=rows,
        doubts=doubts,
        doubts_shown=sum(doubts[number] for number in chosen),
        chosen=chosen,
        without_path=without_path,
        limit=limit,
        keeping=[name for name in here if keeps_what_is_lost(here[name].settings)],
        frames=frames,
        stated={name: statement_of(name) for name in in_order(stated)},
        tables=tables,
        of_table=of_table,
        changes=(
            changes_in_words if of_table else partial(cards.features, options.features)
        ),
        charts=_charts(here, texts, [*QUANTITIES][1 if of_table else 0 :]),
        mask_of=mask_of,
        of_input=OF_INPUT,
        median=_median,
        nan=math.nan,
        settings_text=settings_text,
        statement_texts=statement_texts,
    )


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


def _charts(
    records: Mapping[str, Counterfactuals],
    texts: Mapping[str, OutputText],
    quantities: Sequence[str],
) -> list[Figure]:
    first = next(iter(texts.values()))
    after = {
        name: text.after
        for name, text in texts.items()
        if text.quantity == first.quantity
    }
    title = f"{first.quantity.capitalize()} after"
    drawn = [
        figures.histograms(
            QUANTITIES[quantity],
            {name: getattr(records[name], quantity) for name in records},
        )
        for quantity in quantities
    ]
    drawn.append(figures.histograms(title, after, probability=first.is_probability))
    stated = next(iter(records.values())).statements
    diverse = {
        label: stated[name] for name, label in DIVERSITY.items() if name in stated
    }

    if diverse:
        drawn.append(figures.histograms(APART, diverse))

    drawn += [
        figures.along_path({name: record}, figures.COLORS[place % 6 :])
        for place, (name, record) in enumerate(records.items())
        if record.paths
    ]

    return drawn


def _median(values: Sequence[float]) -> float | None:
    """Return the median of the finite values; None if there are none."""

    finite = list(filter(math.isfinite, values))

    return statistics.median(finite) if finite else None
