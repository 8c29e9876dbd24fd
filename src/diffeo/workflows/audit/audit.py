"""Audit a user's model: what changes its answers, over many data and directions."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diffeo.answers import ask
from diffeo.batching import in_batches
from diffeo.data.images import ImageFiles
from diffeo.estimators.surrogate import StraightThrough
from diffeo.objectives.classes import predicted_class
from diffeo.settings import describe
from diffeo.shapes import Data, Model, Outputs
from diffeo.workflows.audit.directions import AuditOptions, directions_of
from diffeo.workflows.audit.explained import Explained
from diffeo.workflows.audit.findings import Audited, look_at
from diffeo.workflows.audit.judges import train_judges
from diffeo.workflows.class_names import names_of_classes
from diffeo.workflows.explain.explanation import explain_to_folder
from diffeo.workflows.explain.options import place_of
from diffeo.workflows.explain.request import digest, optional_settings
from diffeo.workflows.folders import check_output, check_place, write_results
from diffeo.workflows.loading import card_of_coordinates

__all__ = ["audit_to_folder"]

FORMAT, VERSION = "diffeo-audit", 1
JSON, PAGE = "audit.json", "report.html"
HALF = 0.5  # share of data below which a model does not mean the labels' classes
ANSWERS = 10_000  # kept to compare with other versions of a model


def audit_to_folder(
    audited: Audited,
    options: AuditOptions,
    folder: Path,
    *,
    overwrite: bool = False,
    tell: Callable[[str], object] = print,
) -> tuple[list[Explained], dict[str, Any]]:
    """Search in each direction between answers, and sum up what all have in common.

    Each direction has a folder of its own, as `explain_to_folder` writes it: if the
    audit is interrupted or killed, it goes on from there.

    Args:
        audited: The data.
        options: What is audited, and how.
        folder: Where to write.
        overwrite: Whether the results of another audit may be replaced.
        tell: Called with a sentence for each direction.

    Returns:
        What was found in each direction, and all of it as audit.json holds it.

    Raises:
        FileExistsError: If the folder holds anything else.
        KeyboardInterrupt: If interrupted; what was found is kept.
        ValueError: If the data, the model or the coordinates cannot be searched, or
            the model has but one answer.

    Example:
        >>> audit_to_folder(..., ..., Path("out"))  # doctest: +SKIP
    """

    check_place(folder)
    source, asked = audited.source, options.search
    data = source.rows
    x = data.images
    place_of(asked, x.shape[1:])  # early
    model, device = asked.loaded, asked.device
    answering = partial(_outputs, model, device)
    surrogate = (
        partial(_outputs, model.surrogate, device)
        if isinstance(model, StraightThrough)
        else None
    )
    outputs = answering(x)
    columns = outputs[0].numel()

    if options.value and columns > 1:
        raise ValueError(
            f"a model of values must return one for each of the {audited.noun}, got "
            f"{columns}"
        )

    named = asked.classes or names_of_classes(source.classes, outputs)
    classes = () if options.value else named
    options = replace(options, search=replace(asked, classes=classes))
    directions = directions_of(outputs, options)
    known = {JSON, PAGE, *(direction.folder for direction in directions)}
    check_output(folder, overwrite=overwrite, but=known)
    answers = outputs.reshape(-1) if options.value else predicted_class(outputs)
    truth = _truth(source.labels, classes)
    agree = None if truth is None else (answers == truth).double().mean().item()
    labels = answers if truth is None or (agree or 0.0) < HALF else truth
    others = torch.ones(len(x), dtype=torch.bool)
    others[torch.cat([direction.rows for direction in directions])] = False
    judges = (
        {} if options.value else train_judges(x[others], labels[others], audited.judges)
    )
    looked_at = partial(look_at, audited, judges, surrogate)
    findings = []

    for direction in directions:
        count = f"{len(direction.rows)} {audited.noun}"
        tell(f"{direction.start} → {direction.goal}: {count}")
        few, place = _some(data, direction.rows), folder / direction.folder
        search = options.towards(direction)
        record = explain_to_folder(few, search, place, overwrite=overwrite, tell=tell)

        if not record.finished.all() or len(record) < len(direction.rows):
            raise KeyboardInterrupt

        explained = Explained(direction, search, record, answering, x[others])
        findings.append(replace(explained, told=looked_at(explained)))

    card = card_of_coordinates(asked.coordinates)
    summary = {
        "format": FORMAT,
        "version": VERSION,
        "diffeo": metadata.version("diffeo"),
        "data": {
            "name": asked.data,
            audited.noun: len(outputs),
            "digest": digest(x.contiguous().numpy().tobytes()),
        },
        "model": asked.model,
        "coordinates": asked.coordinates,
        "verdict": card.verdict if card else "",
        "confidence": None if options.value else options.confidence,
        "agrees_with_folders": agree,
        "judges": {kind: judge.accuracy for kind, judge in judges.items()},
        "answers": answers[:ANSWERS].tolist(),
        "directions": [finding.told for finding in findings],
        "settings": optional_settings(asked),
        "stay_typical": options.density is not None,
        "closest": [describe(distance) for distance in asked.run.closest],
    }
    write_results(summary, folder, JSON)

    return findings, summary


def _some(data: ImageFiles, rows: Tensor) -> ImageFiles:
    names = (data.names[row] if data.names else f"No. {row}" for row in rows.tolist())

    return ImageFiles(data.images[rows], tuple(names))


@torch.no_grad()
def _outputs(model: Model, device: str, x: Data) -> Outputs:
    def answers(part: Data) -> Outputs:
        return ask(model, part.to(device), "the model").float().cpu()

    return in_batches(answers, x, 64)


def _truth(labels: Sequence[str], classes: tuple[str, ...]) -> Tensor | None:
    """Return the class of each datum by its label; None if it is called otherwise."""

    if not labels or not {*labels} <= {*classes}:
        return None

    return torch.tensor([classes.index(label) for label in labels])
