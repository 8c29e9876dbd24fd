"""A report on saved records: read them, decode their paths, write the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.metric import Better
from diffeo.evaluation.table import Table
from diffeo.plugins import find_coordinates
from diffeo.report.animation import write_animation
from diffeo.report.measures import Measure
from diffeo.report.output_text import Answers, answers_of
from diffeo.report.page import Report, Story, write_page
from diffeo.report.path_frames import reel_of, reels

__all__ = [
    "Wish",
    "measures_of",
    "read_names",
    "read_records",
    "report_to_folder",
    "told",
]

FRAMES = 25  # of a moving picture
UNKNOWN = "not told by the record"


@dataclass(frozen=True)
class Wish:
    """What a report should show beside the records.

    Args:
        coordinates: By name or file, one for each record; empty to leave out the paths.
        names: What the classes are called, in order; their numbers if empty.
        title: The page's headline.
        animated: Rows whose path becomes a moving picture.
    """

    coordinates: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    title: str = "Counterfactuals"
    animated: tuple[int, ...] = ()


def read_records(paths: Sequence[Path]) -> dict[str, Counterfactuals]:
    """Read records and name them after their files, and folders if need be.

    Args:
        paths: Files that `Counterfactuals.save` wrote.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is not a record, or is given twice.
    """

    stems = [path.stem for path in paths]
    clear = len(set(stems)) == len(stems)
    names = stems if clear else [str(path.with_suffix("")) for path in paths]

    if len(set(names)) != len(names):
        raise ValueError(f"records must be different files, got {', '.join(names)}")

    return {
        name: Counterfactuals.load(path)
        for name, path in zip(names, paths, strict=True)
    }


def read_names(path: Path | None) -> tuple[str, ...]:
    """Read what the classes are called, one name a line.

    Args:
        path: A text file; no names if not given.

    Raises:
        FileNotFoundError: If there is no such file.
    """

    if path is None:
        return ()

    if not path.is_file():
        raise FileNotFoundError(f"classes must be a text file, got {path}")

    return tuple(path.read_text(encoding="utf-8").splitlines())


def told(record: Counterfactuals, **settings: str) -> Counterfactuals:
    """Return a record whose settings name more: the model, say, or the coordinates."""

    named = {key: {"name": value} for key, value in settings.items()}

    return replace(record, settings={**record.settings, **named})


def report_to_folder(
    records: Mapping[str, Counterfactuals],
    wish: Wish,
    folder: Path,
    measures: Sequence[Measure] = (),
) -> None:
    """Write the page, and moving pictures if wished.

    Args:
        records: By the name of their method.
        wish: What to show beside them.
        folder: Where to write.
        measures: What metrics say of the records and of controls.

    Raises:
        ValueError: If records, coordinates, names or rows do not fit each other.
    """

    places = _places(records, wish)
    records = {
        name: told(record, coordinates=text) if text else record
        for (name, record), text in zip(
            records.items(), wish.coordinates or ("",) * len(records), strict=True
        )
    }
    first = next(iter(records.values()))
    answers = answers_of(first, wish.names)
    question = (
        f"What would have to change in these {len(first)} inputs for the model to "
        f"{answers.goal(first.target)}?"
    )
    model = first.settings.get("model", UNKNOWN)
    films = {
        name: reels(records[name], place)
        for name, place in places.items()
        if records[name].path.shape[1] > 1
    }

    for name, place in places.items():
        for row in wish.animated:
            file = folder / f"{name.replace('/', '-')}-{row}.gif"
            _animate(records[name], place, row, answers, file)

    story = Story(wish.title, question, model, answers)
    write_page(Report(story, records, films, measures), folder / "report.html")


def measures_of(table: Table, methods: Sequence[str]) -> list[Measure]:
    """Return the figures of a table as a page shows them.

    Args:
        table: Of methods and controls.
        methods: Those to show; their names must not be a control's.
    """

    readings = {
        note.metric: f"{note.reading} {note.sentence}".strip() for note in table.notes
    }

    return [
        Measure(
            entry.metric,
            entry.name,
            entry.value,
            entry.low,
            entry.high,
            entry.better is Better.HIGHER,
            readings[entry.metric],
            control=entry.name in table.controls,
        )
        for entry in table.measurements
        if entry.name in methods or entry.name in table.controls
    ]


def _places(
    records: Mapping[str, Counterfactuals], wish: Wish
) -> dict[str, Coordinates]:
    if wish.coordinates and len(wish.coordinates) != len(records):
        raise ValueError(
            f"coordinates must be one for each of {len(records)} records, got "
            f"{len(wish.coordinates)}"
        )

    if wish.animated and not wish.coordinates:
        raise ValueError("coordinates must be given to animate a path, got none")

    return {
        name: Bounded(find_coordinates(text, tuple(record.factual.shape[1:])))
        for (name, record), text in zip(records.items(), wish.coordinates, strict=False)
    }


def _animate(
    record: Counterfactuals,
    coordinates: Coordinates,
    row: int,
    answers: Answers,
    path: Path,
) -> None:
    reel = reel_of(record, coordinates, row, frames=FRAMES)
    captions = [
        f"No. {row} · step {step} · {answers.write(answers.along(value).item())}"
        for step, value in zip(
            reel.steps, record.path_margin[row, list(reel.steps)], strict=True
        )
    ]
    write_animation(reel, captions, path)
