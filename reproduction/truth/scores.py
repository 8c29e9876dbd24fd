"""Whether counterfactuals name the cue, and whether they change anything else."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.labelled import LabelledImages
from diffeo.shapes import Images, Scores
from reproduction.truth.task import Task

__all__ = ["Spread", "mass", "scores", "spread_of"]

USUAL = 0.005, 0.995  # quantiles of an attribute between which it is usual


@dataclass(frozen=True, eq=False)
class Spread:
    """How the attributes of real images of both classes are spread.

    Args:
        middle: The middle between the means of the classes' cues.
        usual: The least and the greatest usual value of each other attribute, for
            class 0 and for class 1.
    """

    middle: float
    usual: Mapping[str, tuple[tuple[float, float], tuple[float, float]]]


def spread_of(task: Task, real: LabelledImages) -> Spread:
    """Measure real images.

    Args:
        task: What is measured.
        real: Images of both classes.
    """

    measured = {
        name: (measure(real.of(0)), measure(real.of(1)))
        for name, measure in task.attributes.items()
    }
    less, more = (each.mean().item() for each in measured.pop(task.cue))
    usual = {name: (_usual(a), _usual(b)) for name, (a, b) in measured.items()}

    return Spread((less + more) / 2, usual)


def _usual(values: Scores) -> tuple[float, float]:
    low, high = values.quantile(torch.tensor(USUAL)).tolist()

    return low, high


def scores(
    task: Task, spread: Spread, record: Counterfactuals, start: int
) -> dict[str, Tensor]:
    """Return what is true of each row, by name.

    A row names the cue if it reached its target and the measured cue crossed the middle
    between the means of the classes. It adds no lie if every other attribute is usual
    among real images of the class that it comes from.

    Args:
        task: What is measured.
        spread: Of real images.
        record: Counterfactuals of images of one class.
        start: This class.
    """

    x = record.counterfactual
    crossed = (task.attributes[task.cue](x) > spread.middle) == (start == 0)
    honest = torch.ones(len(x), dtype=torch.bool)

    for name, usual in spread.usual.items():
        low, high = usual[start]
        value = task.attributes[name](x)
        honest &= (value >= low) & (value <= high)

    found = {
        "named": record.reached & crossed,
        "no_lie": honest,
        "reached": record.reached,
    }

    if task.place is not None:
        found["mass"] = mass(record.counterfactual - record.factual, task.place)

    return found


def mass(change: Images, place: Tensor) -> Scores:
    """Return the share of the absolute values of each row that is in some pixels.

    Args:
        change: Values of pixels, of any sign.
        place: Flags of these pixels.
    """

    size = change.abs()
    whole = size.flatten(1).sum(1).clamp(min=1e-12)

    return (size * place).flatten(1).sum(1) / whole
