"""Judge a user's record by a user's data: all figures, then a page."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mnist import mnist
from diffeo.evaluation.comparison import compare
from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.metric import Better
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings
from diffeo.evaluation.table import QUICK, write_evaluation
from diffeo.evaluation.task import Task
from diffeo.objectives import Between, Objective, TargetClass
from diffeo.report import Measure, ReportOptions
from diffeo.workflows.folders import write_results
from diffeo.workflows.loading import find_labelled
from diffeo.workflows.report import draw, find_places

__all__ = [
    "draw_evaluation",
    "evaluate_to_folder",
    "find_reference",
    "measures_of",
    "objective_of",
]

HELD_OUT = 4  # every fourth image of a class, where the data come in one part
NAME = "counterfactuals"


def evaluate_to_folder(
    record: Counterfactuals,
    task: Task,
    reference: Reference,
    folder: Path,
    settings: Settings | None = None,
) -> Evaluation:
    """Judge a record, then write results.json and table.csv.

    Args:
        record: Counterfactuals of images, found in whatever coordinates.
        task: What they were asked for.
        reference: Labelled real data.
        folder: Where to write.
        settings: How judges are trained and figures found; `Settings()` if not given.

    Raises:
        ValueError: If the record cannot be judged by the data or the model.

    Example:
        >>> import torch
        >>> from tempfile import TemporaryDirectory
        >>> from diffeo import AtLeast, Identity, search
        >>> from diffeo.data.labelled import LabelledImages
        >>> from diffeo.evaluation.settings import quick_settings
        >>> place, goal = Identity((1, 2, 2)), AtLeast(2.0)
        >>> task = Task(lambda x: x.flatten(1).sum(1), place, goal)
        >>> x = torch.linspace(0, 1, 32).reshape(8, 1, 2, 2)
        >>> data = LabelledImages(x, task.model(x))
        >>> record = search(x[2:4], task.model, goal, place)
        >>> with TemporaryDirectory() as folder:
        ...     reference, where = Reference(data, data), Path(folder)
        ...     _ = evaluate_to_folder(
        ...         record, task, reference, where, quick_settings()
        ...     )
        ...     sorted(path.name for path in where.iterdir())
        ['results.json', 'table.csv']
    """

    evaluation = compare({NAME: record}, task, reference, settings=settings)
    write_results(evaluation.as_results(), folder)
    write_evaluation(evaluation, folder / "table.csv")

    return evaluation


def draw_evaluation(
    record: Counterfactuals, evaluation: Evaluation, coordinates: str, folder: Path
) -> None:
    """Draw the page of a judged record.

    The paths of the record are decoded only if it was found in these coordinates.

    Args:
        record: What was judged.
        evaluation: What metrics say of it.
        coordinates: Where it was judged, by name, file or function.
        folder: Where to write.

    Raises:
        ModuleNotFoundError: If packages for the page are not installed.

    Example:
        >>> folder = Path("judged")
        >>> record = Counterfactuals.load("record.safetensors")  # doctest: +SKIP
        >>> found = evaluate_to_folder(record, ..., folder)  # doctest: +SKIP
        >>> draw_evaluation(record, found, "mnist-flow", folder)  # doctest: +SKIP
    """

    records = {NAME: record}
    same = record.settings.get("coordinates") == {"name": coordinates}
    texts = [coordinates] if same and record.paths else []
    page = ReportOptions(
        title="How good are these counterfactuals?",
        coordinates=find_places(records, texts, str(record.factual.device)),
        measures=measures_of(evaluation, [NAME]),
        notes=(QUICK,) if evaluation.settings.quick else (),
    )
    draw(records, folder, page)


def objective_of(record: Counterfactuals) -> Objective:
    """Return what a record was asked for, without penalties.

    Args:
        record: Of a search for a class or for values.

    Raises:
        ValueError: If it was asked for anything else.

    Example:
        >>> import torch
        >>> from diffeo import Identity, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> objective_of(search(x, lambda x: 3 * x, TargetClass(1, 0.9), place))
        TargetClass(target=1, confidence=0.9)
    """

    told: Any = record.settings.get("objective")

    match told:
        case {"name": "TargetClass", "target": target, "confidence": confidence}:
            wanted = tuple(target) if isinstance(target, list) else target

            return TargetClass(wanted, confidence)
        case {"name": "Between", "low": low, "high": high}:
            return Between(
                -math.inf if low is None else low, math.inf if high is None else high
            )

    raise ValueError(
        "the record must be of a search for a class or for values, got one for "
        f"{told.get('name') if isinstance(told, Mapping) else told}"
    )


def find_reference(
    text: str, *, crop: int | None = None, resize: int | None = None
) -> Reference:
    """Return the labelled data that a text names.

    Args:
        text: "digits" for the bundled sample of MNIST; "mnist" for all of it, in the
            folder DIFFEO_DATA; or a folder with one folder of pictures for each class.
        crop: Side in pixels of the square cut out of the middle of each picture.
        resize: Side in pixels to which each picture is resized.

    Raises:
        FileNotFoundError: If there are no such data.
        ValueError: If the data cannot be read.

    Example:
        >>> len(find_reference("digits").held_out)
        245
    """

    if text == "mnist" and not (crop or resize):
        return Reference(mnist("train"), mnist("test"))

    return Reference(*find_labelled(text, crop=crop, resize=resize).split(HELD_OUT))


def measures_of(evaluation: Evaluation, methods: list[str]) -> list[Measure]:
    """Return the figures of an evaluation as a page shows them.

    Args:
        evaluation: Of methods and controls.
        methods: Those to show; their names must not be a control's.

    Example:
        >>> import torch
        >>> from diffeo.evaluation.metric import Metric
        >>> one = Metric("one", Better.HIGHER, "How many?", lambda record, _: ...)
        >>> found = Evaluation((one,), {"ours": {"one": torch.ones(9)}})
        >>> measures_of(found, ["ours"])[0].how_to_read
        'How many?'
    """

    readings = {
        note.metric: f"{note.metric.reading} {note.sentence}".strip()
        for note in evaluation.notes
    }

    return [
        Measure(
            metric.name,
            name,
            interval.value,
            interval.low,
            interval.high,
            metric.better is Better.HIGHER,
            readings[metric],
            control=name in evaluation.controls,
        )
        for name, metric, interval in evaluation.measurements
        if name in methods or name in evaluation.controls
    ]
