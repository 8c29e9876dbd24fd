"""Audit a user's model: what changes its answers, over many images and directions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from diffeo.answers import ask
from diffeo.batching import in_batches
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.images import ImageFiles
from diffeo.data.levels import to_8_bits
from diffeo.data.picture_folder import PictureFolder, pictures_in
from diffeo.evaluation.intervals import interval_of, median
from diffeo.objectives import TargetClass
from diffeo.objectives.classes import class_logits
from diffeo.shapes import Images
from diffeo.workflows.changes import clusters_of, region_shares
from diffeo.workflows.directions import AuditOptions, Direction, directions_of
from diffeo.workflows.explain_options import ExplainOptions
from diffeo.workflows.explanation import explain_to_folder
from diffeo.workflows.folders import check_output, check_place, write_results
from diffeo.workflows.judge import Judge, train_judge
from diffeo.workflows.loading import find_coordinates
from diffeo.workflows.request import digest

__all__ = ["AuditedDirection", "audit_to_folder"]

FORMAT, VERSION = "diffeo-audit", 1
JSON, PAGE = "audit.json", "report.html"
NAMED = 5  # images that flip with the least change
MAP = 8  # places on a side of the map in the results
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
    judge = None if options.value else _judge(images.images, labels, directions)
    findings = []

    for direction in directions:
        tell(f"{direction.start} → {direction.goal}: {len(direction.rows)} images")
        few, place = _some(images, direction.rows), folder / direction.folder
        search = replace(options.search, objective=direction.objective)
        record = explain_to_folder(few, search, place, overwrite=overwrite, tell=tell)

        if not record.finished.all() or len(record) < len(direction.rows):
            raise KeyboardInterrupt

        told = _told(direction, record, regions, judge, options)
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
        "judge_accuracy": judge.accuracy if judge else None,
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


def _told(
    direction: Direction,
    record: Counterfactuals,
    regions: Mapping[str, Tensor],
    judge: Judge | None,
    options: AuditOptions,
) -> dict[str, Any]:
    """Return what a direction's record says, as JSON can hold it."""

    found = record.select(record.reached)
    failed = (~record.reached).nonzero()[:, 0]
    told: dict[str, Any] = {
        "from": direction.start,
        "to": direction.goal,
        "rows": len(record),
        "reached": len(found),
        "failures": [record.name_of(row) for row in failed.tolist()],
    }

    if len(found) == 0:
        return told

    changes, size = found.change, found.change_length
    middle, low, high, _ = interval_of(size.double(), median)
    kept = _reaches(direction, _outputs(to_8_bits(found.counterfactual), options))

    return told | {
        "distance": {"median": middle, "low": low, "high": high},
        "reconstruction_error": found.reconstruction_error.median().item(),
        "from_reconstruction": not torch.equal(found.start, found.factual),
        "steps": found.steps.double().median().item(),
        "after_8_bits": kept.double().mean().item(),
        "judge_agrees": judge.share(found.counterfactual, int(found.target[0]))
        if judge
        else None,
        "brighter": changes.mean().item(),
        "regions": {
            name: {"change": share, "area": area}
            for name, (share, area) in region_shares(changes, regions).items()
        },
        "clusters": [
            {
                "closest": found.name_of(members[0]),
                "furthest": found.name_of(members[-1]),
                "members": members,
            }
            for members in clusters_of(changes, seed=options.search.run.seed)
        ],
        "least_change": [
            {"name": found.name_of(row), "distance": size[row].item()}
            for row in size.argsort()[:NAMED].tolist()
        ],
        "map": _coarse(changes.mean((0, 1))),
    }


def _coarse(mean: Tensor) -> list[list[float]]:
    pooled = adaptive_avg_pool2d(mean[None], min(MAP, *mean.shape))[0]
    rounded: list[list[float]] = pooled.double().round(decimals=6).tolist()

    return rounded


def _reaches(direction: Direction, outputs: Tensor) -> Tensor:
    """Return whether answers are those that a direction aims at."""

    goal = direction.objective

    if isinstance(goal, TargetClass):
        return class_logits(outputs).argmax(1) == torch.tensor(goal.target)

    values = outputs.reshape(-1)

    return (values >= goal.low) & (values <= goal.high)


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


def _judge(images: Images, labels: Tensor, directions: list[Direction]) -> Judge | None:
    """Return a quick judge that has seen none of the images that are audited."""

    others = torch.ones(len(images), dtype=torch.bool)
    others[torch.cat([direction.rows for direction in directions])] = False

    return train_judge(images[others], labels[others])
