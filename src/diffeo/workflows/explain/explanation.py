"""Explain a user's images or table: a search that keeps what it finds, then a page."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch

from diffeo.answers import ask
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.counterfactuals.told import settings_of_columns
from diffeo.data.images import ImageFiles
from diffeo.report import ReportOptions
from diffeo.report.output_text import class_names
from diffeo.search import search_batches
from diffeo.several import alternatives, another, by_input, numbered
from diffeo.shapes import Data, Model
from diffeo.statements.diversity import diversity
from diffeo.workflows.explain.checkpoint import Checkpoint
from diffeo.workflows.explain.options import ExplainOptions, place_of
from diffeo.workflows.explain.request import optional_settings, request_of
from diffeo.workflows.report import draw, find_places
from diffeo.workflows.summary import interruption

__all__ = ["draw_explanation", "explain_to_folder", "keep_statements"]


def explain_to_folder(
    images: ImageFiles,
    options: ExplainOptions,
    folder: Path,
    *,
    overwrite: bool = False,
    tell: Callable[[str], object] = print,
) -> Counterfactuals:
    """Search, keep each finished batch, then write the record and a table of its rows.

    If the folder holds finished rows of the same request, the search goes on from them.
    An interrupt ends the search; what it found until then is written. Several
    counterfactuals of each input are searched one after the other: all inputs have a
    first one before any has a second.

    Args:
        images: Images in [0, 1] or rows of a table, and their names.
        options: What is to be explained, and how.
        folder: Where to write.
        overwrite: Whether the results of another request may be replaced.
        tell: Called with a sentence if the search goes on from finished rows.

    Returns:
        The record. If the search was interrupted, it ends with the rows that were being
        searched then.

    Raises:
        FileExistsError: If the folder holds anything else.
        KeyboardInterrupt: If interrupted before any row was searched.
        ValueError: If the images, the model or the coordinates cannot be searched.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from diffeo import Adam, Run, TargetClass, zoo
        >>> from diffeo.workflows.loading import find_images
        >>> how = zoo.load("mnist-cnn"), TargetClass(9), Adam(0.01), Run(steps=2)
        >>> options = ExplainOptions("digits", "mnist-cnn", "data", *how)
        >>> images = find_images("digits", limit=1)
        >>> with TemporaryDirectory() as folder:
        ...     record = explain_to_folder(images, options, Path(folder))
        ...     sorted(path.name for path in Path(folder).iterdir())
        ['record.safetensors', 'request.json', 'summary.csv']
    """

    checkpoint = _checkpoint(images, options, folder)
    checkpoint.check(overwrite=overwrite)
    records, rows = checkpoint.finished(), checkpoint.rows
    there = sum(map(len, records))

    if there:
        how = "finished already" if there == rows else "going on"
        tell(f"{how}: {there} of {rows} rows are there")

    with suppress(KeyboardInterrupt):
        for record in _search(images, options, records):
            if not record.finished.all():
                break

            checkpoint.add(record, there)
            there += len(record)

    if not records:
        raise KeyboardInterrupt

    record = _whole(records, options)

    if not checkpoint.closed:
        checkpoint.close(record, options.classes)

    return record


@torch.no_grad()
def _whole(records: list[Counterfactuals], options: ExplainOptions) -> Counterfactuals:
    """Return the record of all batches, with what is stated of all rows together."""

    flow, record = options.flow, concatenate(records)

    if options.several > 1:
        scale = flow.scale.tolist() if flow else ()
        record = diversity(by_input(records), scale=scale)

    typical = flow.is_typical(record.counterfactual) if flow else None

    if typical is None:
        return record

    return record.stating({"typical_after": typical.to(record.margin)})


def keep_statements(
    images: ImageFiles, options: ExplainOptions, folder: Path, record: Counterfactuals
) -> None:
    """Write a record and its table anew, with what was stated of the rows since.

    Args:
        images: The images that were explained.
        options: What was asked for.
        folder: Where the record lies, without the page that was drawn before.
        record: As `explain_to_folder` returned it, with statements.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from diffeo import Adam, Run, TargetClass, zoo
        >>> from diffeo.workflows.loading import find_images
        >>> how = zoo.load("mnist-cnn"), TargetClass(9), Adam(0.01), Run(steps=1)
        >>> options = ExplainOptions("digits", "mnist-cnn", "data", *how)
        >>> images = find_images("digits", limit=1)
        >>> with TemporaryDirectory() as text:
        ...     folder = Path(text)
        ...     record = explain_to_folder(images, options, folder)
        ...     stated = replace(record, statements={"rank": torch.ones(1)})
        ...     keep_statements(images, options, folder, stated)
        ...     Counterfactuals.load(folder / "record.safetensors").statements
        {'rank': tensor([1.])}
    """

    _checkpoint(images, options, folder).close(record, options.classes)


def draw_explanation(
    record: Counterfactuals, rows: int, options: ExplainOptions, folder: Path
) -> None:
    """Draw the pictures, figures and the page of a record.

    Args:
        record: As `explain_to_folder` returned it.
        rows: Number of images that were to be explained.
        options: What was asked for.
        folder: Where the record lies.

    Raises:
        ModuleNotFoundError: If packages for the page are not installed.

    Example:
        >>> from diffeo import Adam, Identity, Run, TargetClass, search
        >>> x, goal = torch.zeros(2, 2), TargetClass(1)
        >>> record = search(x, lambda x: 3 * x, goal, Identity((2,)))
        >>> how = torch.nn.Identity(), goal, Adam(0.01), Run(), ("cat",)
        >>> options = ExplainOptions("x.npy", "net.py:load", "data", *how)
        >>> draw_explanation(record, 2, options, Path("out"))
        Traceback (most recent call last):
        ValueError: classes must name each of the model's 2 classes, got 1 names
    """

    records = {f"in {options.coordinates}": record.to(options.device)}
    texts = [options.coordinates] if record.paths and not options.flow else []
    page = ReportOptions(
        classes=options.classes,
        coordinates=find_places(records, texts, options.device),
        notes=tuple(filter(None, [interruption(record, rows)])),
    )
    draw(records, folder, page)


def _search(
    images: ImageFiles, options: ExplainOptions, found: list[Counterfactuals]
) -> Iterator[Counterfactuals]:
    """Search what is not found, and yield the record of each batch once it is there."""

    inputs = len(images.images)
    ended, first = divmod(sum(map(len, found)), inputs)

    if ended == options.several:
        return

    x, model, run = images.images.to(options.device), options.loaded, options.run
    place = place_of(options, x.shape[1:])
    _check_classes(x, model, options.classes)
    named = {
        "data": {"name": options.data},
        "model": {"name": options.model},
        "coordinates": {"name": options.coordinates},
        **optional_settings(options),
        "agree": list(options.agree),
        "classes": list(options.classes),
        "notes": list(options.notes),
        **(settings_of_columns(options.flow.columns) if options.flow else {}),
    }
    told = {name: value for name, value in named.items() if value}

    for number in range(ended + 1, options.several + 1):
        goal = another(options.objective, _of_rows(found, number - 1, first))

        if found:  # how numbers are rounded depends on the size of a batch
            run = replace(run, batch_size=found[0].batch_size)

        for batch in search_batches(x[first:], model, goal, place, options.ascent, run):
            record = replace(
                batch.to("cpu"),
                names=images.names[first : first + len(batch)],
                settings={**batch.settings, **told},
            )

            if options.several > 1:
                record = numbered(record, first=first, alternative=number)

            found.append(record)
            first += len(record)

            yield record

        if first < inputs:
            return

        first = 0


def _of_rows(
    found: Sequence[Counterfactuals], searches: int, first: int
) -> list[Counterfactuals]:
    """Return what whole searches found for the inputs from a first one on."""

    if searches == 0:
        return []

    whole = alternatives(concatenate(found))[:searches]

    return [part.select(torch.arange(first, len(part))) for part in whole]


@torch.no_grad()
def _check_classes(x: Data, model: Model, classes: tuple[str, ...]) -> None:
    """Refuse names of other classes before the search rather than after it."""

    if classes:
        class_names(ask(model, x[:1], "the model"), classes)


def _checkpoint(
    images: ImageFiles, options: ExplainOptions, folder: Path
) -> Checkpoint:
    rows = len(images.images) * options.several

    return Checkpoint(folder, request_of(images, options), rows)
