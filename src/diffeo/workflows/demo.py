"""The first thing to see: fours that become nines, beside adversarial examples."""

from dataclasses import replace
from pathlib import Path

from diffeo import zoo
from diffeo.ascents import Adam, Ascent, Box
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mnist import sample_digits
from diffeo.explain import explain
from diffeo.models.flow.flow import as_flow
from diffeo.report import ReportOptions, write_report
from diffeo.report.figures import along_path
from diffeo.report.gallery import gallery
from diffeo.search import Run

__all__ = ["demo_to_folder"]

SOURCE, TARGET = 4, 9
ROWS, STEPS = 32, 500
IN_DATA = Box(Adam(1e-3), 0.0, 1.0)  # so that 500 steps suffice in data space
QUESTION = (
    "What would have to change in these handwritten fours for the classifier to see a "
    "nine? Along the data, the gap of the four closes to a loop; off the data, faint "
    "noise is enough."
)


def demo_to_folder(
    folder: Path, *, progress: bool = True
) -> dict[str, Counterfactuals]:
    """Turn 32 bundled fours into nines, along the data and off them.

    Args:
        folder: Where to write records, figures and a page.
        progress: Whether to show bars.

    Returns:
        The records, by the name of the space that was searched.

    Example:
        >>> records = demo_to_folder(Path("demo"))  # doctest: +SKIP
        >>> print(records["Z, along the data"])  # doctest: +SKIP
    """

    model, flow = zoo.load("mnist-cnn"), as_flow(zoo.load("mnist-flow"))
    fours = sample_digits().of(SOURCE)
    fours = fours[model(fours).argmax(1) == SOURCE][:ROWS]
    run = Run(steps=STEPS, path=True, progress=progress)
    spaces: dict[str, tuple[str, str, Coordinates, Ascent | None]] = {
        "Z, along the data": ("latent", "mnist-flow", flow, None),
        "X, off the data": ("data", "data", Identity(flow.shape), IN_DATA),
    }
    records = {}

    for name, (file, called, place, ascent) in spaces.items():
        record = explain(fours, model, place, target=TARGET, ascent=ascent, run=run)
        told = {"model": {"name": "mnist-cnn"}, "coordinates": {"name": called}}
        records[name] = replace(record, settings={**record.settings, **told})
        records[name].save(folder / f"{file}.safetensors")

    places = {name: Bounded(place) for name, (_, _, place, _) in spaces.items()}
    options = ReportOptions("Fours that became nines", QUESTION, coordinates=places)
    write_report(records, folder, options)
    gallery(records, range(len(fours))[:8]).savefig(folder / "gallery.png", dpi=150)
    along_path(records).savefig(folder / "confidence.png", dpi=150)

    return records
