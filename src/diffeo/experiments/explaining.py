"""Explain images of a user's and write all that there is to see."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from diffeo.ascents import Ascent
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.explanation import explain
from diffeo.objectives import confidence_of
from diffeo.plugins import find_coordinates, find_model
from diffeo.report.figures import confidence_figure, gallery, svg
from diffeo.report.images import write_png
from diffeo.report.page import Story, write_page
from diffeo.search import Run
from diffeo.shapes import Images

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
    """

    model: str
    coordinates: str
    target: int | Literal["other"]
    confidence: float
    ascent: Ascent
    run: Run


def explain_to_folder(x: Images, request: Request, folder: Path) -> Counterfactuals:
    """Search, then write the record, pictures, a summary table, figures and a page.

    Args:
        x: Images in [0, 1].
        request: What is to be explained.
        folder: Where to write.
    """

    record = explain(
        x,
        find_model(request.model),
        find_coordinates(request.coordinates, tuple(x.shape[1:])),
        target=request.target,
        confidence=request.confidence,
        ascent=request.ascent,
        run=request.run,
    )
    record.save(folder / "record.safetensors")
    _write_pictures(record, folder / "images")
    _write_summary(record, folder / "summary.csv")
    _write_report(record, request, folder)

    return record


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


def _write_report(record: Counterfactuals, request: Request, folder: Path) -> None:
    name = f"coordinates: {request.coordinates}"
    records = {name: record}
    figure = gallery(records, range(min(SHOWN, len(record))))
    figure.savefig(folder / "gallery.png", dpi=150)
    paths = {name: record.path_margin}
    confidence = confidence_figure(paths, request.confidence)
    confidence.savefig(folder / "confidence.png", dpi=150)
    goal = "any other class" if request.target == "other" else f"class {request.target}"
    classes = max(2, record.outputs_before[0].numel())
    story = Story(
        title=f"What would make it {goal}?",
        question=f"What would have to change in these {len(record)} images for the "
        f"model to answer {goal} with a confidence above {request.confidence}?",
        model=request.model,
        confidence=request.confidence,
        names=tuple(str(number) for number in range(classes)),
    )
    drawings = {"Confidence along the search": svg(confidence)}
    write_page(story, records, drawings, folder / "report.html")
