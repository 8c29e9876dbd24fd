"""What is stated of each row of a user's record, once it is found."""

from collections.abc import Callable
from functools import partial

import torch

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.data.mnist import mnist
from diffeo.settings import describe
from diffeo.statements.certificate import Smoothing, certify
from diffeo.statements.typical import typicality
from diffeo.workflows.explain_options import ExplainOptions, place_of
from diffeo.workflows.loading import find_labelled

__all__ = ["find_references", "statement_rules"]

MOST = 500  # references of a class


def find_references(
    text: str, *, crop: int | None = None, resize: int | None = None
) -> LabelledImages:
    """Return the real images of each class that a text names, the last 500 at most.

    Args:
        text: "digits" for the bundled sample of MNIST; "mnist" for all test digits, in
            the folder DIFFEO_DATA; or a folder with one folder of pictures for each
            class.
        crop: Side in pixels of the square cut out of the middle of each picture.
        resize: Side in pixels to which each picture is resized.

    Raises:
        FileNotFoundError: If there are no such data.
        ValueError: If the data cannot be read.

    Example:
        >>> len(find_references("digits"))
        1000
    """

    if text == "mnist" and not (crop or resize):
        found = mnist("test")
    else:
        found = find_labelled(text, crop=crop, resize=resize)

    classes = [
        (found.labels == label).nonzero()[:, 0] for label in range(found.classes)
    ]

    return found.select(torch.cat([rows[-MOST:] for rows in classes]))


def statement_rules(
    options: ExplainOptions, draws: int | None, references: LabelledImages | None
) -> dict[str, Callable[[Counterfactuals], Counterfactuals]]:
    """Return how to state of a record what is wanted, by what that is.

    A record of which the same is stated already is returned as it is.

    Args:
        options: What was explained, and how.
        draws: Draws of the noise for certified radii; None for no such radii.
        references: Real images for ranks of typicality; None for no ranks.

    Raises:
        ValueError: If there is not a draw.

    Example:
        >>> from diffeo import Adam, Run, TargetClass
        >>> how = torch.nn.Identity(), TargetClass(9), Adam(0.01), Run()
        >>> options = ExplainOptions("digits", "mnist-cnn", "data", *how)
        >>> list(statement_rules(options, draws=100, references=None))
        ['certified radii']
    """

    rules: dict[str, Callable[[Counterfactuals], Counterfactuals]] = {}

    if draws is not None:
        smoothing = Smoothing(draws=draws, progress=options.run.progress)
        rules["certified radii"] = partial(_certify, options, smoothing)

    if references is not None:
        rules["ranks of typicality"] = partial(_rank, options, references)

    return rules


def _certify(
    options: ExplainOptions, smoothing: Smoothing, record: Counterfactuals
) -> Counterfactuals:
    if record.settings.get("smoothing") == describe(smoothing):
        return record

    return certify(
        record.to(options.device),
        options.loaded,
        options.objective,
        place_of(options, record.factual.shape[1:]),
        smoothing,
    ).to("cpu")


def _rank(
    options: ExplainOptions, references: LabelledImages, record: Counterfactuals
) -> Counterfactuals:
    if "references" in record.statements:
        return record

    return typicality(
        record.to(options.device),
        place_of(options, record.factual.shape[1:]),
        references.images,
        references.labels.long(),
        progress=options.run.progress,
    ).to("cpu")
