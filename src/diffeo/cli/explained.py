"""What is explained, as options say it, and what follows a search of it."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from diffeo.cli.errors import warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from diffeo.coordinates.limits import ColumnLimits
    from diffeo.coordinates.table import TableFlow
    from diffeo.counterfactuals import Counterfactuals
    from diffeo.data.images import ImageFiles
    from diffeo.readers.known_model import KnownModel
    from diffeo.workflows.explain.options import ExplainOptions

    Rules = Mapping[str, Callable[[Counterfactuals], Counterfactuals]]

__all__ = ["ToExplain", "follow", "images_to_explain", "table_to_explain"]


class ToExplain(NamedTuple):
    """Data, and the models that are asked of them.

    Args:
        data: Images in [0, 1] or rows of a table, and their names.
        models: The models, each with gradients.
        draw: Draws the page of a record: it gets the record, how many rows were to be
            explained, the options, and the folder.
        classes: What the data call their classes, in order; empty if they do not.
        notes: Sentences to know before anything is believed.
        flow: That of a table; None for images.
    """

    data: "ImageFiles"
    models: "Sequence[nn.Module]"
    draw: Callable[..., None]
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    flow: "TableFlow | None" = None

    def called(self, given: tuple[str, ...], device: str) -> tuple[str, ...]:
        """Return what the classes of the first model are called; empty if unknown.

        Args:
            given: As the user or the model's file names them; empty if neither does.
            device: Where to ask the model how many it has.
        """

        from diffeo.answers import ask
        from diffeo.workflows.class_names import names_of_classes

        if given or not self.classes:
            return given

        first = self.data.images[:1].to(device)
        outputs = ask(self.models[0], first, "the model")

        return names_of_classes(given, self.classes, outputs)


def images_to_explain(
    data: str,
    coordinates: str,
    known: "Sequence[KnownModel]",
    *,
    limit: int | None,
    crop: int | None,
    resize: int | None,
) -> ToExplain:
    """Read images, and what their folder calls their classes.

    Args:
        data: The images, as the user named them.
        coordinates: Those of the search, whose side pictures get if none is given.
        known: The models.
        limit: Take only the first so many images.
        crop: Side in pixels of the square cut out of each picture's middle.
        resize: Side in pixels to which each picture is resized.
    """

    from diffeo.workflows.class_names import labels_of
    from diffeo.workflows.explain.explanation import draw_explanation
    from diffeo.workflows.loading import find_images

    images = find_images(
        data, crop=crop, resize=resize, limit=limit, coordinates=coordinates
    )
    models = [each.module() for each in known]

    return ToExplain(
        images, models, draw_explanation, labels_of(data, images.names).classes
    )


def table_to_explain(
    data: str,
    coordinates: str,
    known: "Sequence[KnownModel]",
    limits: "ColumnLimits",
    *,
    limit: int | None,
    device: str,
    seed: int,
) -> ToExplain:
    """Read a table and its flow, and make models with gradients.

    Args:
        data: The table, as the user named it.
        coordinates: The flow of the table.
        known: The models, or estimators.
        limits: Which columns may change.
        limit: Take only the first so many rows.
        device: Where to compute.
        seed: Seed of surrogates.
    """

    from diffeo.workflows.explain.table import TableToExplain

    table = TableToExplain.read(data, coordinates, limit=limit)
    rows = table.rows()
    models, notes = table.models(known, limits, device=device, seed=seed)

    return ToExplain(rows, models, table.draw, (), notes, table.flow)


def follow(
    record: "Counterfactuals",
    to_explain: ToExplain,
    options: "ExplainOptions",
    rules: "Rules",
    folder: Path,
) -> None:
    """Print what became of a search, state what rules say of its rows, and draw.

    Args:
        record: Of the rows that were searched.
        to_explain: What was to be explained.
        options: What was asked for.
        rules: How to state something, by what it is.
        folder: Where the record lies.

    Raises:
        KeyboardInterrupt: If the search was interrupted; what is there is drawn.
    """

    from diffeo.workflows.explain.explanation import keep_statements
    from diffeo.workflows.summary import interruption, summary

    images = to_explain.data
    rows = len(images.images) * options.several
    stopped = interruption(record, rows)
    of_table = options.flow is not None
    typer.echo(summary(record, rows, options.classes, units=of_table))

    for words in options.notes:
        typer.echo(words, err=True)

    if stopped:
        typer.echo(f"{stopped}; the same command goes on from there", err=True)
    else:
        keep = partial(keep_statements, images, options, folder)
        record = _stated(record, rules, keep)

    _drawn(folder, partial(to_explain.draw, record, rows, options, folder))

    if stopped:
        raise KeyboardInterrupt


def _stated(
    record: "Counterfactuals",
    rules: "Rules",
    keep: "Callable[[Counterfactuals], None]",
) -> "Counterfactuals":
    """Return a record with what rules state of it, each of them kept at once.

    In how many rows a judge agrees is printed.
    """

    from diffeo.workflows.summary import agreements

    for what, rule in rules.items():
        with warned(f"the results are written, but not the {what}"):
            found = rule(record)

            if found is not record:
                keep(found)
                record = found

    if told := agreements(record):
        typer.echo(told)

    return record


def _drawn(folder: Path, draw: Callable[[], None]) -> None:
    """Draw the page if it is not there, and print where it lies."""

    page = folder / "report.html"

    if not page.is_file():
        with warned("the results are written, but not the page"):
            draw()

    typer.echo(str((page if page.is_file() else folder / "summary.csv").resolve()))
