"""Evaluate a user's record against a user's data and write all figures."""

from pathlib import Path

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import read_labelled_images
from diffeo.data.mnist import mnist, sample_digits
from diffeo.evaluation.comparison import compare
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.settings import Settings
from diffeo.evaluation.table import Table
from diffeo.evaluation.task import Task
from diffeo.workflows.results import write_results

__all__ = ["evaluate_to_folder", "find_reference"]

HELD_OUT = 4  # every fourth image of a class, where the data come in one part


def evaluate_to_folder(
    record: Counterfactuals,
    task: Task,
    reference: Reference,
    folder: Path,
    settings: Settings | None = None,
) -> Table:
    """Judge a record, then write results.json and table.csv.

    Args:
        record: Counterfactuals of images for a classifier.
        task: What they were asked for.
        reference: Labelled real data.
        folder: Where to write.
        settings: How judges are trained and figures found.

    Raises:
        ValueError: If the record's images are not like the reference's.
    """

    records = {"counterfactuals": record}
    table = compare(records, task, reference, settings=settings).table()
    write_results(table.as_results(), folder)
    table.write_csv(folder / "table.csv")

    return table


def find_reference(text: str) -> Reference:
    """Return the labelled data that a text names.

    Args:
        text: "digits" for the bundled sample of MNIST; "mnist" for all of it, in the
            folder DIFFEO_DATA; or a folder with one folder of pictures for each class.

    Raises:
        FileNotFoundError: If there are no such data.
        ValueError: If the data cannot be read.
    """

    if text == "mnist":
        return Reference(mnist("train"), mnist("test"))

    whole = sample_digits() if text == "digits" else read_labelled_images(Path(text))

    return Reference(*whole.split(HELD_OUT))
