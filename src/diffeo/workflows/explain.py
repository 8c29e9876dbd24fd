"""Explain a user's images or table: a search that keeps what it finds, then a page."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path

import torch
from torch import nn

from diffeo.answers import ask
from diffeo.ascents import Ascent
from diffeo.coordinates.bounded import Bounded
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.images import ImageFiles
from diffeo.models.model_input import ModelInput
from diffeo.objectives import Objective
from diffeo.report import ReportOptions
from diffeo.report.output_text import class_names, output_text
from diffeo.search import Run, search_batches
from diffeo.settings import describe
from diffeo.several import check_count
from diffeo.shapes import Data, Model
from diffeo.workflows.checkpoint import Checkpoint
from diffeo.workflows.generators import How
from diffeo.workflows.limits import ColumnLimits
from diffeo.workflows.loading import find_coordinates
from diffeo.workflows.models import find_model
from diffeo.workflows.report import draw, find_places
from diffeo.workflows.several import Passes, differences

__all__ = [
    "ExplainOptions",
    "draw_explanation",
    "explain_to_folder",
    "interruption",
    "keep_statements",
    "model_of",
    "summary",
]

NAMED = 5  # failed rows that a summary names


@dataclass(frozen=True)
class ExplainOptions:
    """What is to be explained, and how.

    Args:
        data: Where the images come from, as the user named it.
        model: The model by name, file or function.
        coordinates: Where to search, by name, file or function, or "data".
        objective: What the model is to answer.
        ascent: How to step.
        run: How long to search, in what batches, and so on.
        classes: What the classes are called, in order; their numbers if empty.
        device: Where to compute.
        agree: The further models that the objective asks, by name, file or function.
        inversion: How a generator is inverted, if not by all that it comes with.
        model_input: How the models' inputs are made of the images.
        mask: Where the images may change, as `read_mask` returned it; anywhere if None.
        limits: Which columns may change, of a table; None for images.
        loaded: The model itself, with `model_input` applied; loaded by its name if not
            given.
        gradients: A sentence on the model's gradients, if they are not its own.
        several: Number of counterfactuals for each input.
        scale: What counts as one in each number of the data where several are compared,
            such as the standard deviation of a table's column; its unit if empty.

    Raises:
        ValueError: If there is to be no counterfactual.

    Example:
        >>> from diffeo import Run, TargetClass
        >>> from diffeo.search import DEFAULT_ASCENT
        >>> how = TargetClass(9), DEFAULT_ASCENT, Run()
        >>> ExplainOptions("digits", "mnist-cnn", "mnist-flow", *how).device
        'cpu'
    """

    data: str
    model: str
    coordinates: str
    objective: Objective
    ascent: Ascent
    run: Run
    classes: tuple[str, ...] = ()
    device: str = "cpu"
    agree: tuple[str, ...] = ()
    inversion: How | None = None
    model_input: ModelInput = field(default_factory=ModelInput)
    mask: Mapping[str, object] | None = None
    limits: ColumnLimits | None = None
    loaded: nn.Module | None = field(default=None, repr=False)
    gradients: str = ""
    several: int = 1
    scale: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check_count(self.several)


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
        >>> from diffeo import Adam, TargetClass
        >>> from diffeo.workflows.loading import find_images
        >>> how = TargetClass(9), Adam(0.01), Run(steps=2)
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

    try:
        for record in _search(images, options, records):
            records.append(record)

            if not record.finished.all():
                break

            checkpoint.add(record, there)
            there += len(record)
    except KeyboardInterrupt:
        if not records:
            raise

    if not records:
        raise KeyboardInterrupt

    passes = Passes(len(images.images), options.several, options.scale)
    record = passes.whole(records)

    if not checkpoint.closed:
        checkpoint.close(record, options.classes)

    return record


def keep_statements(
    record: Counterfactuals,
    images: ImageFiles,
    options: ExplainOptions,
    folder: Path,
) -> None:
    """Write a record and its table anew, with what was stated of the rows since.

    Args:
        record: As `explain_to_folder` returned it, with statements.
        images: The images that were explained.
        options: What was asked for.
        folder: Where the record lies, without the page that was drawn before.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from diffeo import Adam, TargetClass
        >>> from diffeo.workflows.loading import find_images
        >>> how = TargetClass(9), Adam(0.01), Run(steps=1)
        >>> options = ExplainOptions("digits", "mnist-cnn", "data", *how)
        >>> images = find_images("digits", limit=1)
        >>> with TemporaryDirectory() as text:
        ...     folder = Path(text)
        ...     record = explain_to_folder(images, options, folder)
        ...     stated = replace(record, statements={"rank": torch.ones(1)})
        ...     keep_statements(stated, images, options, folder)
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
        >>> from diffeo import Adam, Identity, TargetClass, search
        >>> x, goal = torch.zeros(2, 2), TargetClass(1)
        >>> record = search(x, lambda x: 3 * x, goal, Identity((2,)))
        >>> how = goal, Adam(0.01), Run(), ("cat",)
        >>> options = ExplainOptions("x.npy", "net.py:load", "data", *how)
        >>> draw_explanation(record, 2, options, Path("out"))
        Traceback (most recent call last):
        ValueError: classes must name each of the model's 2 classes, got 1 names
    """

    records = {f"in {options.coordinates}": record.to(options.device)}
    texts = [options.coordinates] if record.paths else []
    page = ReportOptions(
        classes=options.classes,
        coordinates=find_places(records, texts, options.device),
        notes=tuple(filter(None, [interruption(record, rows)])),
    )
    draw(records, folder, page)


def model_of(options: ExplainOptions) -> nn.Module:
    """Return the model to be explained.

    Args:
        options: What is to be explained, and how.

    Example:
        >>> from diffeo import Adam, TargetClass
        >>> how = TargetClass(9), Adam(0.01), Run()
        >>> model_of(ExplainOptions("digits", "mnist-cnn", "data", *how)).training
        False
    """

    if options.loaded is not None:
        return options.loaded

    return find_model(
        options.model, device=options.device, model_input=options.model_input
    )


def summary(record: Counterfactuals, rows: int, classes: tuple[str, ...] = ()) -> str:
    """Return what became of the rows, in lines for people.

    Args:
        record: Of the rows that were searched.
        rows: Number of images that were to be explained.
        classes: What the classes are called; their numbers if empty.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> summary(record, rows=2).splitlines()[0]
        '2 of 2 reached the target (2 reached)'
    """

    ends = ", ".join(
        f"{count} {way.name.lower()}" for way, count in record.counts().items()
    )
    failed = record.finished & ~record.reached
    names = [record.name_of(row) for row in failed.nonzero()[:, 0].tolist()]
    lines = [f"{int(record.reached.sum())} of {rows} reached the target ({ends})"]

    if names:
        more = ", …" if names[NAMED:] else ""
        lines.append(f"{len(names)} failed: {', '.join(names[:NAMED])}{more}")

    if record.reached.any():
        lines.append(_medians(record.select(record.reached), classes))

    return "\n".join(filter(None, [*lines, differences(record)]))


def interruption(record: Counterfactuals, rows: int) -> str:
    """Return how far a search came that was interrupted; empty if it was not.

    Args:
        record: Of the rows that were searched.
        rows: Number of images that were to be explained.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> interruption(record, rows=5)
        'interrupted: 2 of 5 rows'
    """

    finished = int(record.finished.sum())

    return "" if finished == rows else f"interrupted: {finished} of {rows} rows"


def _medians(reached: Counterfactuals, classes: tuple[str, ...]) -> str:
    text = output_text(reached, classes)
    values = {
        "steps": reached.steps.double(),
        "distance": reached.distance,
        "latent distance": reached.latent_distance,
        text.quantity: text.after,
    }
    told = ", ".join(f"{name} {value.median():.4g}" for name, value in values.items())

    return f"medians: {told}"


def _search(
    images: ImageFiles, options: ExplainOptions, done: list[Counterfactuals]
) -> Iterator[Counterfactuals]:
    """Yield the record of each batch of the rows that are not done."""

    passes, found = Passes(len(images.images), options.several), list(done)
    x, device, run = images.images.to(options.device), options.device, options.run

    if not passes.left(found):
        return

    model = model_of(options)
    place = find_coordinates(
        options.coordinates,
        tuple(x.shape[1:]),
        device=device,
        inversion=options.inversion,
        progress=run.progress,
        mask=options.mask,
    )
    _check_classes(x, model, options.classes)
    place = options.limits.applied(place) if options.limits else Bounded(place)
    named: dict[str, object] = {
        "data": {"name": options.data},
        "model": {"name": options.model},
        "coordinates": {"name": options.coordinates},
        **_optional(options),
    }

    if options.agree:
        named["agree"] = list(options.agree)

    if options.gradients:
        named["gradients"] = options.gradients

    for number in passes.left(found):
        goal, first = passes.next(options.objective, found)

        if found:  # how numbers are rounded depends on the size of a batch
            run = replace(run, batch_size=found[0].batch_size)

        for batch in search_batches(x[first:], model, goal, place, options.ascent, run):
            record = replace(
                batch.to("cpu"),
                names=images.names[first : first + len(batch)],
                settings={**batch.settings, **named},
            )
            found.append(passes.numbered(record, first, number))
            first += len(record)

            yield found[-1]

        if first < len(x):
            return


@torch.no_grad()
def _check_classes(x: Data, model: Model, classes: tuple[str, ...]) -> None:
    """Refuse names of other classes before the search rather than after it."""

    if classes:
        class_names(ask(model, x[:1], "the model"), classes)


def _checkpoint(
    images: ImageFiles, options: ExplainOptions, folder: Path
) -> Checkpoint:
    rows = len(images.images) * options.several

    return Checkpoint(folder, _request(images, options), rows)


def _request(images: ImageFiles, options: ExplainOptions) -> dict[str, object]:
    """Return all that the results depend on, as JSON holds it."""

    pixels = images.images.cpu().contiguous().numpy()
    names = json.dumps(images.names).encode()
    run = describe(replace(options.run, progress=False))
    request: dict[str, object] = {
        "version": metadata.version("diffeo"),
        "data": {
            "name": options.data,
            "shape": pixels.shape,
            "digest": _digest(pixels.tobytes() + names),
        },
        "model": _named(options.model),
        "agree": [_named(text) for text in options.agree],
        "coordinates": _named(options.coordinates),
        "objective": describe(options.objective),
        "ascent": describe(options.ascent),
        **{name: value for name, value in run.items() if name != "name"},
        "classes": options.classes,
        "device": options.device,
        **_optional(options),
    }
    plain: dict[str, object] = json.loads(json.dumps(request))

    return plain


def _optional(options: ExplainOptions) -> dict[str, object]:
    """Return what is said of a search only if it is asked for."""

    limits, plain = options.limits, options.model_input == ModelInput()
    found = {
        "inversion": options.inversion,
        "mask": options.mask,
        "model_input": None if plain else describe(options.model_input),
        "limits": describe(limits) if limits else None,
        "several": options.several if options.several > 1 else None,
    }

    return {name: value for name, value in found.items() if value}


def _named(text: str) -> dict[str, str]:
    """Return the name of a model and, if it comes from a file, what is in the file."""

    path, _, _ = text.rpartition(":")
    file = Path(path if path.endswith(".py") else text)

    return {
        "name": text,
        "digest": _digest(file.read_bytes()) if file.is_file() else "",
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
