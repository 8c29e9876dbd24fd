"""Evaluate a user's record against a user's data and write all figures."""

from pathlib import Path

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import read_labelled_images
from diffeo.data.mnist import mnist, sample_digits
from diffeo.evaluation.comparison import Question, Settings, evaluate
from diffeo.evaluation.judges import AutoencoderSettings, ClassifierSettings
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.table import Table
from diffeo.metrics.intervals import Bootstrap
from diffeo.workflows.results import write_results

__all__ = ["evaluate_to_folder", "find_reference", "quick_settings"]

HELD_OUT = 4  # every fourth image of a class, where the data come in one part


def evaluate_to_folder(
    record: Counterfactuals,
    question: Question,
    reference: Reference,
    folder: Path,
    settings: Settings | None = None,
) -> Table:
    """Judge a record, then write results.json and table.csv.

    Args:
        record: Counterfactuals of images for a classifier.
        question: What they answer.
        reference: Labelled real data.
        folder: Where to write.
        settings: How judges are trained and figures found.

    Raises:
        ValueError: If the record's images are not like the reference's.
    """

    ours, theirs = record.factual.shape[1:], reference.train.images.shape[1:]

    if ours != theirs:
        raise ValueError(
            f"data must have images like the record's, {tuple(ours)}, got "
            f"{tuple(theirs)}"
        )

    table = evaluate(record, question, reference, settings)
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
        return Reference.of_digits(mnist("train"), mnist("test"))

    if text == "digits":
        digits = sample_digits()
        whole = Reference.of_digits(digits, digits).train
    else:
        whole = read_labelled_images(Path(text))

    return Reference(*whole.split(HELD_OUT))


def quick_settings() -> Settings:
    """Return settings of judges that hardly learn anything, to see that all works."""

    return Settings(
        autoencoder=AutoencoderSettings(latent=8, hidden=(32,), steps=20),
        classifiers=(ClassifierSettings(width=2, steps=10),),
        trees=5,
        bootstrap=Bootstrap(resamples=200),
    )
