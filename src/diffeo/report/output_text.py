"""What the outputs of a record say, as its objective tells."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives.classes import class_logits, confidence_of, predicted_class
from diffeo.shapes import Outputs, Scores

__all__ = ["OutputText", "class_names", "output_text", "settings_text"]

NEARLY_ONE = 0.99995  # from here on, four decimals would read 1.0000
NEARLY_ZERO = 0.001
SHOWN = 4  # numbers of an answer, or values of a list, that are written out
_write_number = "{:.4g}".format


def _write_probability(value: float) -> str:
    """Return a probability as text that never reads 0 or 1."""

    if value >= NEARLY_ONE:
        return "> 0.9999"

    return f"{value:.0e}" if value < NEARLY_ZERO else f"{value:.4f}"


def _first_numbers(outputs: Outputs) -> list[str]:
    return [
        ", ".join(map(_write_number, row[:SHOWN])) + (", …" if row[SHOWN:] else "")
        for row in outputs[:, None].flatten(1).tolist()
    ]


@dataclass(frozen=True, eq=False)
class OutputText:
    """The outputs of a record in words, and the number that its search moves.

    Args:
        goal: What was asked for, to complete "for the model to".
        targets: What each row aims at.
        quantity: Name of the number that the search moves.
        before: This number at each factual; NaN if not known.
        after: This number at each counterfactual.
        along_quantity: Name of what is known along a path.
        along: From margins to what is known there.
        answers: From outputs to what they say, row by row.
        certainties: Probability of each answer to a factual; empty if not known.
        write: From one of the numbers to a text.
        is_probability: Whether the numbers are probabilities.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> x, place = torch.zeros(1, 2), Identity((2,))
        >>> record = search(x, lambda x: x.sum(1), AtLeast(10.0), place)
        >>> text = output_text(record)
        >>> text.goal, text.write_along(-1.0)
        ('answer at least 10', 'answer 9')
    """

    goal: str
    targets: Sequence[str]
    quantity: str
    before: Scores
    after: Scores
    along_quantity: str
    along: Callable[[Tensor], Tensor] = Tensor.double
    answers: Callable[[Outputs], Sequence[str]] = _first_numbers
    certainties: Sequence[str] = ()
    write: Callable[[float], str] = _write_number
    is_probability: bool = False

    def write_along(self, margin: float) -> str:
        """Return what is known of a point with a margin."""

        value = self.along(torch.tensor(margin, dtype=torch.float64)).item()

        return f"{self.along_quantity} {self.write(value)}"


def output_text(record: Counterfactuals, classes: Sequence[str] = ()) -> OutputText:
    """Return what the outputs of a record say.

    An objective that wraps another one is read as the one inside; an unknown one is
    told by its name and settings, and its margin.

    Args:
        record: With an objective in its settings.
        classes: What the classes are called, in order, if the objective is a class.

    Raises:
        ValueError: If there are names, but not one for each class.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.zeros(2, 2), Identity((2,))
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), place)
        >>> output_text(record, ("cat", "dog")).goal
        'answer dog with a confidence above 0.99'
    """

    objective: Any = record.objective

    match objective:
        case {"name": "TargetClass", "confidence": confidence}:
            return _of_class(record, confidence, classes)
        case {"name": "Between", "low": low, "high": high}:
            return _of_interval(record, low, high)

    return _of_margin(record)


def class_names(outputs: Outputs, classes: Sequence[str] = ()) -> list[str]:
    """Return the name of the class that each row of outputs means.

    Args:
        outputs: Logits of shape (batch, classes), or single ones of class 1.
        classes: What the classes are called, in order; their numbers if empty.

    Raises:
        ValueError: If there are names, but not one for each class.

    Example:
        >>> class_names(torch.tensor([[2.0, -1.0]]), ("cat", "dog"))
        ['cat']
    """

    scores = class_logits(outputs)
    count = scores.shape[1]

    if classes and len(classes) != count:
        raise ValueError(
            f"classes must name each of the model's {count} classes, got "
            f"{len(classes)} names"
        )

    return _named(scores.argmax(1), classes)


def settings_text(settings: object) -> str:
    """Write settings as Python would: Name(key=value, ...), long lists shortened.

    Example:
        >>> settings_text({"name": "Adam", "rate": 0.1})
        'Adam(rate=0.1)'
    """

    match settings:
        case {"name": str(name), **rest}:
            return f"{name}({settings_text(rest)})" if rest else name
        case Mapping():
            return ", ".join(
                f"{key}={settings_text(value)}" for key, value in settings.items()
            )
        case [*values]:
            more = [f"… {len(values)} in all"] if values[SHOWN:] else []

            return f"[{', '.join([*map(settings_text, values[:SHOWN]), *more])}]"
        case str():
            return settings

    return json.dumps(settings)


def _of_class(
    record: Counterfactuals, confidence: float, classes: Sequence[str]
) -> OutputText:
    target, outputs = record.target.long(), record.outputs_before
    class_names(outputs, classes)  # refuses names of other classes
    targets = _named(target, classes)
    wanted = targets[0] if len(set(targets)) == 1 else "another class"
    certain = confidence_of(outputs, predicted_class(outputs))

    return OutputText(
        goal=f"answer {wanted} with a confidence above {confidence:g}",
        targets=targets,
        quantity="confidence",
        before=confidence_of(outputs, target),
        after=record.confidence,
        along_quantity="confidence",
        along=lambda margin: torch.sigmoid(
            margin.double() + math.log(confidence / (1 - confidence))
        ),
        answers=partial(class_names, classes=classes),
        certainties=[_write_probability(value) for value in certain.tolist()],
        write=_write_probability,
        is_probability=True,
    )


def _of_interval(
    record: Counterfactuals, low: float | None, high: float | None
) -> OutputText:
    known, end, sign = "answer", low or 0.0, 1

    if high is None:
        wanted = f"at least {low:.6g}"
    elif low is None:
        wanted, end, sign = f"at most {high:.6g}", high, -1
    else:
        wanted = f"between {low:.6g} and {high:.6g}"
        known, end = "distance inside the interval", 0.0

    return OutputText(
        goal=f"answer {wanted}",
        targets=[wanted] * len(record),
        quantity="value",
        before=record.outputs_before.reshape(-1),
        after=record.outputs_after.reshape(-1),
        along_quantity=known,
        along=lambda margin: end + sign * margin.double(),
    )


def _of_margin(record: Counterfactuals) -> OutputText:
    objective = settings_text(record.settings.get("objective", "its objective"))

    return OutputText(
        goal=f"meet {objective}",
        targets=list(map(_write_number, record.target.tolist())),
        quantity="margin",
        before=torch.full_like(record.margin, torch.nan),
        after=record.margin,
        along_quantity="margin past the target",
    )


def _named(target: Tensor, classes: Sequence[str]) -> list[str]:
    return [classes[at] if classes else str(at) for at in target.tolist()]
