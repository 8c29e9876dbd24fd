"""Audit a user's model: what changes its answers, over many images and directions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from diffeo.answers import ask
from diffeo.batching import batches_of
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.images import ImageFiles
from diffeo.data.levels import to_8_bits
from diffeo.evaluation.intervals import interval_of, median
from diffeo.objectives import TargetClass
from diffeo.objectives.classes import class_logits
from diffeo.search import DEFAULT_ASCENT
from diffeo.shapes import Images
from diffeo.workflows.changes import clusters_of, region_shares
from diffeo.workflows.directions import AuditOptions, Direction, directions_of
from diffeo.workflows.explanation import explain_to_folder
from diffeo.workflows.explain_options import ExplainOptions
from diffeo.workflows.folders import check_output, check_place
from diffeo.workflows.judge import Judge, train_judge
from diffeo.workflows.loading import find_coordinates
from diffeo.workflows.request import digest

__all__ = ["Finding", "audit_to_folder", "explanation"]

FORMAT, VERSION = "diffeo-audit", 1
JSON, PAGE = "audit.json", "report.html"
NAMED = 5  # images that flip with the least change
MAP = 8  # places on a side of the map in the results
HALF = 0.5  # share of images below which a model does not mean the folders' classes
ANSWERS = 10_000  # kept to compare with other versions of a model


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found in a direction.

    Args:
        direction: The direction.
        record: The searches.
        told: Figures and names, as JSON can hold them.

    Example:
        >>> Finding(..., ..., {"rows": 3}).told["rows"]  # doctest: +SKIP
        3
    """

    direction: Direction
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
) -> tuple[list[Finding], dict[str, Any]]:
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
        What was found in each direction, and all of it as JSON can hold it.

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
    find_coordinates(options.coordinates, shape, device=options.device)  # early
    outputs = _outputs(images.images, options)
    columns = outputs[0].numel()

    if options.value and columns > 1:
        raise ValueError(
            f"a model of values must return one for each image, got {columns}"
        )

    scores = class_logits(outputs)
    named = () if options.classes or options.value else _folders(images.names)
    classes = named if len(named) == scores.shape[1] else options.classes
    options = replace(options, classes=classes)
    directions = directions_of(outputs, options)
    known = {JSON, PAGE, *(direction.folder for direction in directions)}
    check_output(folder, overwrite=overwrite, but=known)
    answers = outputs.reshape(-1) if options.value else scores.argmax(1)
    truth = _truth(images.names, () if options.value else classes)
    agree = None if truth is None else (answers == truth).double().mean().item()
    labels = answers if truth is None or (agree or 0.0) < HALF else truth
    judge = None if options.value else _judge(images.images, labels, directions)
    findings = []

    for direction in directions:
        tell(f"{direction.start} → {direction.goal}: {len(direction.rows)} images")
        record = explain_to_folder(
            _some(images, direction.rows),
            explanation(direction, options),
            folder / direction.folder,
            overwrite=overwrite,
            tell=tell,
        )

        if not record.finished.all() or len(record) < len(direction.rows):
            raise KeyboardInterrupt

        told = _told(direction, record, regions, judge, options)
        findings.append(Finding(direction, record, told))

    pixels = images.images.contiguous().numpy()
    summary = {
        "format": FORMAT,
        "version": VERSION,
        "diffeo": metadata.version("diffeo"),
        "data": {
            "name": options.data,
            "images": len(outputs),
            "digest": digest(pixels.tobytes()),
        },
        "model": options.model,
        "coordinates": options.coordinates,
        "confidence": None if options.value else options.confidence,
        "agrees_with_folders": agree,
        "judge_accuracy": judge.accuracy if judge else None,
        "answers": answers[:ANSWERS].tolist(),
        "directions": [finding.told for finding in findings],
    }

    return findings, summary


def _some(images: ImageFiles, rows: Tensor) -> ImageFiles:
    names = (
        images.names[row] if images.names else f"No. {row}" for row in rows.tolist()
    )

    return ImageFiles(images.images[rows], tuple(names))


def explanation(direction: Direction, options: AuditOptions) -> ExplainOptions:
    """Return how a direction is explained.

    Example:
        >>> way = Direction(1, "four", "nine", TargetClass(9), torch.tensor([3]))
        >>> place = "net.py:f", "mine.py:flow", torch.nn.Identity()
        >>> options = AuditOptions("faces", *place)
        >>> explanation(way, options).objective
        TargetClass(target=9, confidence=0.99)
    """

    return ExplainOptions(
        options.data,
        options.model,
        options.coordinates,
        options.loaded,
        direction.objective,
        DEFAULT_ASCENT,
        options.run,
        () if options.value else options.classes,
        options.device,
        model_input=options.model_input,
    )


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

    changes = found.counterfactual - found.factual
    middle, low, high, _ = interval_of(found.distance.double(), median)
    kept = _reaches(direction, _outputs(to_8_bits(found.counterfactual), options))

    return told | {
        "distance": {"median": middle, "low": low, "high": high},
        "steps": found.steps.double().median().item(),
        "after_8_bits": kept.double().mean().item(),
        "judge_agrees": judge.share(found.counterfactual, direction.objective)
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
            for members in clusters_of(changes, seed=options.run.seed)
        ],
        "least_change": [
            {"name": found.name_of(row), "distance": found.distance[row].item()}
            for row in found.distance.argsort()[:NAMED].tolist()
        ],
        "map": _coarse(changes.mean((0, 1))),
    }


def _coarse(mean: Tensor) -> list[list[float]]:
    side = min(MAP, *mean.shape)
    rounded: list[list[float]] = adaptive_avg_pool2d(mean[None], side)[0].tolist()

    return [[round(value, 6) for value in row] for row in rounded]


def _reaches(direction: Direction, outputs: Tensor) -> Tensor:
    """Return whether answers are those that a direction aims at."""

    goal = direction.objective

    if isinstance(goal, TargetClass):
        return class_logits(outputs).argmax(1) == torch.tensor(goal.target)

    values = outputs.reshape(-1)

    return (values >= goal.low) & (values <= goal.high)


@torch.no_grad()
def _outputs(images: Images, options: AuditOptions) -> Tensor:
    return torch.cat(
        [
            ask(options.loaded, part.to(options.device), "the model").float().cpu()
            for part in batches_of(images, 64)
        ]
    )


def _folders(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the folders that images lie in, in order of their names."""

    return tuple(sorted({name.split("/")[0] for name in names if "/" in name}))


def _truth(names: tuple[str, ...], classes: tuple[str, ...]) -> Tensor | None:
    """Return the class of each image by its folder; None if it is called otherwise."""

    folders = _folders(names)

    if not folders or not {*folders} <= {*classes}:
        return None

    return torch.tensor([classes.index(name.split("/")[0]) for name in names])


def _judge(images: Images, labels: Tensor, directions: list[Direction]) -> Judge | None:
    """Return a quick judge that has seen none of the images that are audited."""

    others = torch.ones(len(images), dtype=torch.bool)

    for direction in directions:
        others[direction.rows] = False

    return train_judge(images[others], labels[others])
