"""Draw saved records: pictures, figures, moving pictures and the page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.counterfactuals.told import columns_in, words_in
from diffeo.report import ReportOptions, write_pictures, write_report
from diffeo.report.animation import write_animation
from diffeo.report.images import drawable, plain_name
from diffeo.report.output_text import output_text
from diffeo.report.path_frames import path_frames
from diffeo.report.report import each_alternative
from diffeo.report.table_changes import columns_section
from diffeo.workflows.folders import drafted
from diffeo.workflows.loading import find_coordinates
from diffeo.workflows.summary import agreements

__all__ = ["check_places", "draw", "find_places", "read_records"]

FRAMES = 25  # of a moving picture
SHOWN = 12  # rows of the gallery
Records = Mapping[str, Counterfactuals]


def draw(
    records: Records,
    folder: Path,
    options: ReportOptions,
    *,
    animated: Sequence[int] = (),
) -> None:
    """Write pictures of each row, figures, moving pictures and the page.

    They are written whole or not at all; the pictures stay if the rest fails. Several
    counterfactuals of one input lie side by side.

    Args:
        records: Of the same factuals, by the name of their method.
        folder: Where to write.
        options: What to show beside the records.
        animated: Rows whose path becomes a moving picture.

    Raises:
        ModuleNotFoundError: If packages for the page are not installed.
        ValueError: If records, coordinates, names or rows do not fit each other.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> draw({"ours": record}, Path("page"), ReportOptions(), animated=[0])
        Traceback (most recent call last):
        ValueError: coordinates must be given to animate a path, got none
    """

    options = _with_what_they_tell(records, options)

    if animated and not options.coordinates:
        raise ValueError("coordinates must be given to animate a path, got none")

    parts, whose = each_alternative(records)
    texts = {name: output_text(part, options.classes) for name, part in parts.items()}
    frames = {
        (name, row): frames
        for name, part in parts.items()
        for row in animated
        for frames in path_frames(
            part, options.coordinates[whose[name]], [row], count=FRAMES
        )
    }

    with drafted(folder) as draft:
        for name, part in parts.items():
            if drawable(part.factual):
                inside = plain_name(name) if len(parts) > 1 else ""
                write_pictures(part, draft / "images" / inside)

    with drafted(folder) as draft:
        write_report(records, draft, options)
        _draw_figures(parts, draft, several=len(parts) > len(records))

        for (name, row), shown in frames.items():
            label, text = parts[name].name_of(row), texts[name]
            captions = [
                f"{label} · step {step} · {text.write_along(margin)}"
                for step, margin in zip(shown.steps, shown.margin, strict=True)
            ]
            write_animation(shown, captions, draft / f"{plain_name(name)}-{row}.gif")


def find_places(
    records: Records, texts: Sequence[str], device: str = "cpu"
) -> dict[str, Coordinates]:
    """Return the coordinates of each record; of images, within their bounds.

    Args:
        records: By the name of their method.
        texts: Coordinates by name, file or function, one for each record; none to
            leave the paths undecoded.
        device: Where to compute.

    Raises:
        FileNotFoundError: If there are no such coordinates.
        ValueError: If they are not one for each record.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> find_places({"ours": record}, ["data"])
        {'ours': Identity(shape=(2,))}
    """

    if texts and len(texts) != len(records):
        raise ValueError(
            f"coordinates must be one for each of {len(records)} records, got "
            f"{len(texts)}"
        )

    places = {}

    for (name, record), text in zip(records.items(), texts, strict=False):
        shape = tuple(record.factual.shape[1:])
        place = find_coordinates(
            text,
            shape,
            device=device,
            mask=record.settings.get("mask"),
            residual=record.settings.get("residual") is True,
        )
        places[name] = Bounded(place) if len(shape) == 3 else place

    return places


def check_places(records: Records, places: Mapping[str, Coordinates]) -> None:
    """Refuse coordinates that do not decode the paths of their records.

    Args:
        records: By the name of their method.
        places: The coordinates of those that have some, by the same name.

    Raises:
        ValueError: If they do not.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> check_places({"ours": record}, {"ours": place})
    """

    for name, place in places.items():
        if records[name].paths:
            path_frames(records[name], place, [0], count=1)


def read_records(paths: Sequence[Path]) -> dict[str, Counterfactuals]:
    """Read records and name them after their files, and folders if need be.

    Args:
        paths: Files that `Counterfactuals.save` wrote.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is not a record, or is given twice.

    Example:
        >>> import torch
        >>> from tempfile import TemporaryDirectory
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> with TemporaryDirectory() as folder:
        ...     record.save(path := Path(folder, "ours.safetensors"))
        ...     len(read_records([path])["ours"])
        2
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


def _with_what_they_tell(records: Records, options: ReportOptions) -> ReportOptions:
    """Return options with the notes of the records, and the columns of tables."""

    told = {
        name: [*words_in(record.settings, "notes"), *(f"{told}." for told in judged)]
        for name, record in records.items()
        for judged in [list(filter(None, [agreements(record)]))]
    }
    several = len(records) > 1
    notes = [
        f"{name}: {text}" if several else f"{text[0].upper()}{text[1:]}"
        for name, texts in told.items()
        for text in filter(None, texts)
    ]
    sections = [
        columns_section(record, name if several else "")
        for name, record in records.items()
        if columns_in(record.settings)
    ]
    classes = {words_in(record.settings, "classes") for record in records.values()}
    common, *others = [*filter(None, classes)] or [()]

    return replace(
        options,
        classes=options.classes or (() if others else common),
        notes=(*options.notes, *notes),
        sections=[*options.sections, *sections],
    )


def _draw_figures(records: Records, folder: Path, *, several: bool) -> None:
    from diffeo.report.figures import along_path
    from diffeo.report.gallery import gallery, side_by_side

    rows = range(min([SHOWN, *map(len, records.values())]))
    with_paths = {name: record for name, record in records.items() if record.paths}

    if all(drawable(record.factual) for record in records.values()):
        drawing = side_by_side if several else gallery
        drawing(records, rows).savefig(folder / "gallery.png", dpi=150)

    if with_paths:
        along_path(with_paths).savefig(folder / "along_path.png", dpi=150)
