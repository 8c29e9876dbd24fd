"""Explain images of a user's and write all that there is to see."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from diffeo.ascents import Ascent
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.explain import explain
from diffeo.objectives import confidence_of
from diffeo.plugins import find_coordinates, find_model
from diffeo.report.figures import confidence_figure, gallery
from diffeo.report.images import write_png
from diffeo.report.output_text import Classes
from diffeo.report.page import Report, Story, write_page
from diffeo.report.path_frames import reels
from diffeo.search import Run
from diffeo.shapes import Images
from diffeo.workflows.report import told

__all__ = ["Request", "explain_to_folder"]

SHOWN = 12  # rows of the gallery figure


@dataclass(frozen=True)
class Request:
    """What is to be explained, and how.

    Args:
        model: The classifier by name, file or function.
        coordinates: Where to search, by name or file, or "data".
        target: The class to become, or "other".
        confidence: Probability that the target must exceed.
        ascent: How to step.
        run: How long to search, in what batches, and so on.
        names: What the classes are called, in order; their numbers if empty.
    """

    model: str
    coordinates: str
    target: int | Literal["other"]
    confidence: float
    ascent: Ascent
    run: Run
    names: tuple[str, ...] = ()


def explain_to_folder(x: Images, request: Request, folder: Path) -> Counterfactuals:
    """Search, then write the record, pictures, a summary table, figures and a page.

    Args:
        x: Images in [0, 1].
        request: What is to be explained.
        folder: Where to write.
    """

    model = find_model(request.model)
    coordinates = find_coordinates(request.coordinates, tuple(x.shape[1:]))
    _check_names(x, model, request)
    record = explain(
        x,
        model,
        coordinates,
        target=request.target,
        confidence=request.confidence,
        ascent=request.ascent,
        run=request.run,
    )
    record = told(record, model=request.model, coordinates=request.coordinates)
    record.save(folder / "record.safetensors")
    _write_pictures(record, folder / "images")
    _write_summary(record, folder / "summary.csv")
    _draw(record, request, folder)
    _write_report(record, request, Bounded(coordinates), folder)

    return record


@torch.no_grad()
def _check_names(x: Images, model: nn.Module, request: Request) -> None:
    """Refuse names of other classes before the search rather than after it."""

    if request.names:
        Classes(request.confidence, request.names).says(model(x[:1]))


def _write_pictures(record: Counterfactuals, folder: Path) -> None:
    folder.mkdir()

    for row in range(len(record)):
        write_png(record.factual[row], folder / f"{row:05d}-factual.png")
        write_png(record.counterfactual[row], folder / f"{row:05d}-counterfactual.png")


def _write_summary(record: Counterfactuals, path: Path) -> None:
    target = record.target.long()
    before = confidence_of(record.outputs_before, target)
    after = confidence_of(record.outputs_after, target)
    distance = (record.latent - record.origin).norm(dim=1)
    columns = {
        "row": range(len(record)),
        "target": target.tolist(),
        "outcome": [Outcome(code).name.lower() for code in record.outcome.tolist()],
        "steps": record.steps.tolist(),
        "confidence_before": [f"{value:.6f}" for value in before.tolist()],
        "confidence_after": [f"{value:.6f}" for value in after.tolist()],
        "latent_distance": [f"{value:.4f}" for value in distance.tolist()],
        "typical": record.typical.tolist(),
    }

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def _draw(record: Counterfactuals, request: Request, folder: Path) -> None:
    name = _name(request)
    figure = gallery({name: record}, range(min(SHOWN, len(record))))
    figure.savefig(folder / "gallery.png", dpi=150)
    confidence = confidence_figure({name: record.path_margin}, request.confidence)
    confidence.savefig(folder / "confidence.png", dpi=150)


def _write_report(
    record: Counterfactuals, request: Request, coordinates: Coordinates, folder: Path
) -> None:
    answers = Classes(request.confidence, request.names)
    goal = answers.goal(record.target)
    aims = set(answers.aims(record.target))
    wanted = aims.pop() if len(aims) == 1 else "another class"
    story = Story(
        title=f"What would make it {wanted}?",
        question=f"What would have to change in these {len(record)} images for the "
        f"model to {goal}?",
        model=request.model,
        answers=answers,
    )
    walked = record.path.shape[1] > 1  # not if interrupted at once
    films = {_name(request): reels(record, coordinates)} if walked else {}
    report = Report(story, {_name(request): record}, films)
    write_page(report, folder / "report.html")


def _name(request: Request) -> str:
    return f"in {request.coordinates}"
