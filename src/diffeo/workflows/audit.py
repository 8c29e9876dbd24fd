"""Audit a user's model: what changes its answers, over many images and directions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diffeo.answers import ask
from diffeo.batching import in_batches
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.images import ImageFiles
from diffeo.data.picture_folder import PictureFolder, pictures_in
from diffeo.objectives.classes import class_logits
from diffeo.shapes import Images
from diffeo.workflows.directions import AuditOptions, Direction, directions_of
from diffeo.workflows.explain_options import ExplainOptions
from diffeo.workflows.explanation import explain_to_folder
from diffeo.workflows.findings import Auditor
from diffeo.workflows.folders import check_output, check_place, write_results
from diffeo.workflows.loading import find_coordinates
from diffeo.workflows.quick_judges import Judge, train_judges
from diffeo.workflows.request import digest

__all__ = ["AuditedDirection", "audit_to_folder"]

FORMAT, VERSION = "diffeo-audit", 1
JSON, PAGE = "audit.json", "report.html"
HALF = 0.5  # share of images below which a model does not mean the labels' classes
ANSWERS = 10_000  # kept to compare with other versions of a model


@dataclass(frozen=True, eq=False)
class AuditedDirection:
    """A direction, and what was found in it.

    Args:
        direction: The direction.
        search: What was explained, and how.
        record: The searches.
        told: Figures and names, as JSON can hold them.

    Example:
        >>> AuditedDirection(..., ..., ..., {"rows": 3}).told["rows"]  # doctest: +SKIP
        3
    """

    direction: Direction
    search: ExplainOptions
    record: Counterfactuals
    told: dict[str, Any]


def audit_to_folder(
    images: ImageFiles,
    options: AuditOptions,
    regions: Mapping[str, Tensor],
    folder: Path,
    *,
    overwrite: bool = False,
    tell: Callable[[str], object] = print,
) -> tuple[list[AuditedDirection], dict[str, Any]]:
    """Search in each direction between answers, and sum up what all have in common.

    Each direction has a folder of its own, as `explain_to_folder` writes it: if the
    audit is interrupted or killed, it goes on from there.

    Args:
        images: Images in [0, 1] and their names.
        options: What is audited, and how.
        regions: Masks of shape (height, width) by name.
        folder: Where to write.
        overwrite: Whether the results of another audit may be replaced.
        tell: Called with a sentence for each direction.

    Returns:
        What was found in each direction, and all of it as audit.json holds it.

    Raises:
        FileExistsError: If the folder holds anything else.
        KeyboardInterrupt: If interrupted; what was found is kept.
        ValueError: If the images, the model or the coordinates cannot be searched, or
            the model has but one answer.

    Example:
        >>> audit_to_folder(..., ..., {}, Path("out"))  # doctest: +SKIP
    """

    check_place(folder)
    shape = images.images.shape[1:]
    asked = options.search
    find_coordinates(asked.coordinates, shape, device=asked.device)  # early
    outputs = _outputs(images.images, options)
    columns = outputs[0].numel()

    if options.value and columns > 1:
        raise ValueError(
            f"a model of values must return one for each image, got {columns}"
        )

    scores = class_logits(outputs)
    pictures = _pictures(asked.data, images.names)
    classes = () if options.value else asked.classes or pictures.classes

    if not asked.classes and len(classes) != scores.shape[1]:
        classes = ()

    options = replace(options, search=replace(asked, classes=classes))
    directions = directions_of(outputs, options)
    known = {JSON, PAGE, *(direction.folder for direction in directions)}
    check_output(folder, overwrite=overwrite, but=known)
    answers = outputs.reshape(-1) if options.value else scores.argmax(1)
    truth = _truth(pictures.files.values(), classes)
    agree = None if truth is None else (answers == truth).double().mean().item()
    labels = answers if truth is None or (agree or 0.0) < HALF else truth
    judges = {} if options.value else _judges(images.images, labels, directions)
    answer = partial(_outputs, options=options)
    auditor = Auditor(answer, regions, judges, asked.run.seed)
    findings = []

    for direction in directions:
        tell(f"{direction.start} → {direction.goal}: {len(direction.rows)} images")
        few, place = _some(images, direction.rows), folder / direction.folder
        search = replace(options.search, objective=direction.objective)
        record = explain_to_folder(few, search, place, overwrite=overwrite, tell=tell)

        if not record.finished.all() or len(record) < len(direction.rows):
            raise KeyboardInterrupt

        told = auditor.told(direction, record)
        findings.append(AuditedDirection(direction, search, record, told))

    pixels = images.images.contiguous().numpy()
    summary = {
        "format": FORMAT,
        "version": VERSION,
        "diffeo": metadata.version("diffeo"),
        "data": {
            "name": asked.data,
            "images": len(outputs),
            "digest": digest(pixels.tobytes()),
        },
        "model": asked.model,
        "coordinates": asked.coordinates,
        "confidence": None if options.value else options.confidence,
        "agrees_with_folders": agree,
        "judges": {kind: judge.accuracy for kind, judge in judges.items()},
        "answers": answers[:ANSWERS].tolist(),
        "directions": [finding.told for finding in findings],
    }
    write_results(summary, folder, JSON)

    return findings, summary


def _some(images: ImageFiles, rows: Tensor) -> ImageFiles:
    names = (
        images.names[row] if images.names else f"No. {row}" for row in rows.tolist()
    )

    return ImageFiles(images.images[rows], tuple(names))


@torch.no_grad()
def _outputs(images: Images, options: AuditOptions) -> Tensor:
    model, device = options.search.loaded, options.search.device

    def answers(part: Images) -> Tensor:
        return ask(model, part.to(device), "the model").float().cpu()

    return in_batches(answers, images, 64)


def _pictures(data: str, names: tuple[str, ...]) -> PictureFolder:
    """Return what the folder of some images says of their classes, if anything."""

    folder = Path(data)

    if not names or not folder.is_dir():
        return PictureFolder({})

    known = pictures_in(folder)

    return PictureFolder(
        {folder / name: known.files[folder / name] for name in names}, known.classes
    )


def _truth(labels: Iterable[str], classes: tuple[str, ...]) -> Tensor | None:
    """Return the class of each image by its label; None if it is called otherwise."""

    told = list(labels)

    if not told or not {*told} <= {*classes}:
        return None

    return torch.tensor([classes.index(label) for label in told])


def _judges(
    images: Images, labels: Tensor, directions: list[Direction]
) -> dict[str, Judge]:
    """Return quick judges that have seen none of the images that are audited."""

    others = torch.ones(len(images), dtype=torch.bool)
    others[torch.cat([direction.rows for direction in directions])] = False

    return train_judges(images[others], labels[others])
