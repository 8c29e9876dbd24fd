"""What is stated of each row of a user's record, once it is found."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from diffeo.answers import ask
from diffeo.counterfactuals import Counterfactuals
from diffeo.counterfactuals.checks import goal_settings
from diffeo.data.labelled import LabelledImages
from diffeo.data.mnist import mnist
from diffeo.settings import describe
from diffeo.shapes import Data
from diffeo.statements.agreement import agreement, check_judge
from diffeo.statements.certificate import Smoothing, certify, check_exact
from diffeo.statements.typical import check_references, typicality
from diffeo.workflows.explain.options import ExplainOptions, place_of
from diffeo.workflows.explain.request import named
from diffeo.workflows.loading import find_labelled, side_for

__all__ = ["find_references", "statement_rules"]

MOST = 500  # references of a class


def find_references(
    text: str | None,
    *,
    crop: int | None = None,
    resize: int | None = None,
    coordinates: str = "data",
) -> LabelledImages | None:
    """Return the real images of each class that a text names, the last 500 at most.

    Args:
        text: "digits" for the bundled sample of MNIST; "mnist" for all test digits, in
            the folder DIFFEO_DATA; or a folder with one folder of pictures for each
            class. None, or empty, for none at all.
        crop: Side in pixels of the square cut out of the middle of each picture.
        resize: Side in pixels to which each picture is resized.
        coordinates: Those of the search, whose side pictures get, as of `find_images`.

    Raises:
        FileNotFoundError: If there are no such data.
        ValueError: If the data cannot be read.

    Example:
        >>> find_references("digits").labels.bincount()[9]
        tensor(94)
    """

    if not text:
        return None

    if text == "mnist" and not (crop or resize):
        found = mnist("test")
    else:
        side = side_for(text, coordinates, resize)
        found = find_labelled(text, crop=crop, resize=side)

    classes = [
        (found.labels == label).nonzero()[:, 0] for label in range(found.classes)
    ]

    return found.select(torch.cat([rows[-MOST:] for rows in classes]))


def statement_rules(
    options: ExplainOptions,
    x: Data,
    draws: int | None,
    references: LabelledImages | None,
    judge: nn.Module | None = None,
) -> dict[str, Callable[[Counterfactuals], Counterfactuals]]:
    """Return how to state of a record what is wanted, by what that is.

    A record of which the same is stated already is returned as it is. What is known to
    be impossible is refused, before the search.

    Args:
        options: What is to be explained, and how.
        x: The data.
        draws: Draws of the noise for certified radii; None for no such radii.
        references: Real images for ranks of typicality; None for no ranks.
        judge: Asked for its answers, a model that the options name; None for no such
            answers.

    Raises:
        ValueError: If there is not a draw, the coordinates are not exact, no row can
            be ranked among the references, or the judge's outputs are others than the
            model's.

    Example:
        >>> from diffeo import Adam, Run, TargetClass
        >>> how = torch.nn.Identity(), TargetClass(9), Adam(0.01), Run()
        >>> options = ExplainOptions("digits", "mnist-cnn", "data", *how)
        >>> x = torch.zeros(1, 1, 28, 28)
        >>> list(statement_rules(options, x, draws=100, references=None))
        ['certified radii']
    """

    rules: dict[str, Callable[[Counterfactuals], Counterfactuals]] = {}

    if draws is not None:
        smoothing = Smoothing(draws=draws, progress=options.run.progress)
        check_exact(place_of(options, x.shape[1:]))
        rules["certified radii"] = partial(_certify, options, smoothing)

    if references is not None:
        check_references(x, references.images, references.labels, _targets(options))
        rules["ranks of typicality"] = partial(_rank, options, references)

    if judge is not None:
        first = x[:1].to(options.device)
        wanted = ask(options.loaded, first, "the model")
        check_judge(judge, first, wanted, of_classes="confidence" in _goal(options))
        rules["judge’s answers"] = partial(_judge, options, judge)

    return rules


def _goal(options: ExplainOptions) -> Mapping[str, object]:
    return goal_settings({"objective": describe(options.objective)})


def _targets(options: ExplainOptions) -> Tensor:
    """Return the class that all rows are to become, or none if any other will do."""

    match _goal(options):
        case {"confidence": _, "target": int(target)}:
            return torch.tensor([target])
        case {"confidence": _}:
            return torch.tensor([], dtype=torch.long)

    raise ValueError(
        "references of a class must be given with --target, got a search for a value"
    )


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


def _judge(
    options: ExplainOptions, judge: nn.Module, record: Counterfactuals
) -> Counterfactuals:
    told = named(options.judge)

    if record.settings.get("judge") == told:
        return record

    found = agreement(record.to(options.device), judge).to("cpu")

    return replace(found, settings={**record.settings, "judge": told})
