"""The first thing to see: fours that become nines, beside adversarial examples."""

from pathlib import Path

from diffeo import zoo
from diffeo.ascents import Adam, Box
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mnist import sample_digits
from diffeo.report.figures import confidence_figure, gallery
from diffeo.report.output_text import Classes
from diffeo.report.page import Report, Story, write_page
from diffeo.report.path_frames import reels
from diffeo.search import Run
from diffeo.workflows.fours import (
    CONFIDENCE,
    SOURCE,
    adversarial,
    counterfactual,
    digits_flow,
    right_digits,
)
from diffeo.workflows.report import told

__all__ = ["demo"]

ROWS, STEPS = 32, 500
FAST = Box(Adam(1e-3), 0.0, 1.0)  # so that 500 steps suffice in data space
STORY = Story(
    title="Fours that became nines",
    question="What would have to change in these handwritten fours for the classifier "
    "to see a nine? Along the data, the gap of the four closes to a loop; off the "
    "data, faint noise is enough.",
    model="a convolutional network, trained on MNIST",
    answers=Classes(CONFIDENCE),
)


def demo(folder: Path, *, progress: bool = True) -> dict[str, Counterfactuals]:
    """Search 32 bundled fours in both spaces; write records, figures and a page.

    Args:
        folder: For the results.
        progress: Whether to show bars.
    """

    model = zoo.load("mnist-cnn")
    fours = right_digits(sample_digits(), model, digit=SOURCE, count=ROWS)
    flow = digits_flow()
    run = Run(steps=STEPS, path=True, progress=progress)
    records = {
        "Z, along the data": told(
            counterfactual(fours, model, flow, run=run),
            model="mnist-cnn",
            coordinates="mnist-flow",
        ),
        "X, off the data": told(
            adversarial(fours, model, run=run, ascent=FAST),
            model="mnist-cnn",
            coordinates="data",
        ),
    }
    grid = gallery(records, range(8))
    paths = {name: record.path_margin for name, record in records.items()}
    confidence = confidence_figure(paths, CONFIDENCE)

    grid.savefig(folder / "gallery.png", dpi=150)
    confidence.savefig(folder / "confidence.png", dpi=150)

    for name, record in zip(("latent", "data"), records.values(), strict=True):
        record.save(folder / f"{name}.safetensors")

    places: tuple[Coordinates, ...] = (
        Bounded(flow),
        Identity(tuple(fours.shape[1:])),
    )
    films = {
        name: reels(record, coordinates)
        for (name, record), coordinates in zip(records.items(), places, strict=True)
    }
    write_page(Report(STORY, records, films), folder / "report.html")

    return records
