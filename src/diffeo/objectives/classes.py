"""Be of a class: the objective of classifiers."""

import operator
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal, SupportsIndex

import torch
from torch import Tensor

from diffeo.objectives.protocol import Point
from diffeo.shapes import Indices, Memory, Outputs, Scores

__all__ = [
    "TOLERANCE",
    "Target",
    "TargetClass",
    "class_logits",
    "confidence_of",
    "log_odds",
    "predicted_class",
]

Target = SupportsIndex | Sequence[SupportsIndex] | Literal["other"]

TOLERANCE = 0.02  # log-odds that outlast the rounding of pixels to 8 bits


@dataclass(frozen=True)
class TargetClass:
    """Be of a class, with a confidence.

    Scores, margins and the tolerance are log-odds, which do not saturate as
    probabilities do. The model returns a logit for each class, or a single one for
    class 1 against class 0.

    Source: Dombrowski et al., 2024, equation (2).

    Args:
        target: The class, a class for each row, or "other": any but the model's own
            answer.
        confidence: Probability Λ that the target must exceed.
        logits: Whether the model is known to return logits, which are then not taken
            for probabilities even if they lie in [0, 1].

    Example:
        >>> import torch
        >>> from diffeo import Identity, search
        >>> x = torch.tensor([[2.0, 0.0], [1.0, 0.5]])
        >>> search(x, lambda x: 3 * x, TargetClass(1), Identity((2,))).reached
        tensor([True, True])
    """

    target: Target
    confidence: float = 0.99
    logits: bool = field(default=False, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", _classes(self.target))

        if not 0 < self.confidence < 1:
            raise ValueError(
                f"confidence must be between 0 and 1, both excluded, got "
                f"{self.confidence}"
            )

    def check(self, outputs: Outputs, rows: int) -> None:
        """Refuse targets that do not exist and outputs that look like probabilities.

        Args:
            outputs: The model's outputs for the first few rows.
            rows: How many rows there are in all.

        Raises:
            ValueError: If there are not as many targets as rows, if a target is not a
                class, or if the first row's outputs look like probabilities.
        """

        wanted = self._wanted(rows)
        classes = class_logits(outputs).shape[1]
        wrong = [target for target in wanted if not 0 <= target < classes]

        if wrong:
            raise ValueError(
                f"target must be a class from 0 to {classes - 1}, got {wrong[0]}"
            )

        if not self.logits:
            _check_logits(outputs)

    def rows(self, index: slice) -> "TargetClass":
        """Return the objective of some of the rows."""

        if isinstance(self.target, tuple):
            return replace(self, target=self.target[index])

        return self

    def start(self, point: Point) -> Memory:
        """Return which classes each row may aim at."""

        logits = class_logits(point.outputs)

        if self.target == "other":
            index, allowed = logits.argmax(1, keepdim=True), False
        else:
            wanted = self._wanted(len(logits))
            index, allowed = torch.tensor(wanted, device=logits.device)[:, None], True

        every = torch.full_like(logits, not allowed, dtype=torch.bool)

        return (every.scatter(1, index, value=allowed),)

    def score(self, point: Point, memory: Memory) -> Scores:
        """Return the log-odds of the target."""

        logits, best = self._best(point, memory)

        return log_odds(logits, best)

    def margin(self, point: Point, memory: Memory) -> Scores:
        """Return the lesser of log-odds − logit Λ and the lead over the next class."""

        logits, best = self._best(point, memory)
        needed = torch.logit(logits.new_tensor(self.confidence, dtype=torch.float64))
        lead = logits.gather(1, best[:, None])[:, 0] - _without(logits, best).amax(1)

        return torch.minimum(log_odds(logits, best) - needed.to(logits.dtype), lead)

    def tolerance(self, point: Point, memory: Memory) -> Scores:  # noqa: ARG002
        """Return the same log-odds for every row."""

        return point.outputs.new_full((len(point.outputs),), TOLERANCE)

    def aim(self, point: Point, memory: Memory) -> Scores:
        """Return the class each row aims at."""

        logits, best = self._best(point, memory)

        return best.to(logits.dtype)

    def _wanted(self, rows: int) -> Sequence[int]:
        """Return the target of each row; none for any other class."""

        if self.target == "other":
            return ()

        if not isinstance(self.target, tuple):
            return (operator.index(self.target),) * rows  # type: ignore[arg-type]

        if len(self.target) != rows:
            raise ValueError(
                f"target must be one class or one for each of the {rows} rows, got "
                f"{len(self.target)} classes"
            )

        return self.target

    def _best(self, point: Point, memory: Memory) -> tuple[Tensor, Tensor]:
        logits = class_logits(point.outputs)
        (allowed,) = memory

        return logits, logits.masked_fill(~allowed, _least(logits)).argmax(1)


def class_logits(outputs: Outputs) -> Tensor:
    """Return a logit for each class: a single one is of class 1 against class 0.

    Args:
        outputs: Logits of shape (batch, classes), (batch, 1) or (batch,).

    Raises:
        ValueError: If they are of another shape.

    Example:
        >>> class_logits(torch.tensor([2.0]))
        tensor([[0., 2.]])
    """

    if _are_single(outputs):
        logit = outputs.reshape(-1, 1)

        return torch.cat((torch.zeros_like(logit), logit), dim=1)

    if outputs.ndim != 2:
        raise ValueError(
            "the model must return logits of shape (batch, classes), (batch, 1) or "
            f"(batch,), got {tuple(outputs.shape)}"
        )

    return outputs


def log_odds(logits: Outputs, target: Tensor) -> Scores:
    """Return the log-odds of a class of each row under softmax.

    Args:
        logits: The logits of all classes, shape (batch, classes).
        target: The class of each row, shape (batch,).

    Example:
        >>> log_odds(torch.tensor([[3.0, 1.0]]), torch.tensor([0]))
        tensor([2.])
    """

    own = logits.gather(1, target[:, None])[:, 0]

    return own - _without(logits, target).logsumexp(1)


def confidence_of(outputs: Outputs, target: Tensor) -> Scores:
    """Return the probability that a classifier gives to a class of each row.

    Args:
        outputs: Logits of shape (batch, classes), or single ones.
        target: The class of each row, shape (batch,).

    Example:
        >>> confidence_of(torch.tensor([[2.0, 2.0]]), torch.tensor([0]))
        tensor([0.5000])
    """

    return torch.sigmoid(log_odds(class_logits(outputs), target))


def predicted_class(outputs: Outputs) -> Indices:
    """Return the class that a classifier answers.

    Args:
        outputs: Logits of shape (batch, classes); or single ones, of class 1 against
            class 0.

    Example:
        >>> predicted_class(torch.tensor([[0.1, 0.9], [0.8, 0.2]]))
        tensor([1, 0])
    """

    return class_logits(outputs).argmax(1)


def _classes(target: Target) -> int | tuple[int, ...] | Literal["other"]:
    """Return a target as plain numbers, whatever library they come from."""

    if isinstance(target, str) and target == "other":
        return "other"

    with suppress(TypeError):
        return operator.index(target)  # type: ignore[arg-type]

    with suppress(TypeError):
        return tuple(map(operator.index, target))  # type: ignore[arg-type]

    raise ValueError(
        f"target must be a class number, one for each row, or 'other', got {target!r}"
    )


def _without(logits: Tensor, target: Tensor) -> Tensor:
    return logits.scatter(1, target[:, None], _least(logits))


def _least(logits: Tensor) -> float:
    return torch.finfo(logits.dtype).min


def _are_single(outputs: Outputs) -> bool:
    return outputs.ndim == 1 or (outputs.ndim == 2 and outputs.shape[1] == 1)


def _check_logits(outputs: Outputs) -> None:
    """Refuse a first row that sums to 1; a single number in [0, 1] may be a logit."""

    inside = bool(((outputs >= 0) & (outputs <= 1)).all())
    first = outputs[0].double()
    way_out = (
        "wrap it as Logits(model) (--model-outputs probabilities), or say "
        "TargetClass(..., logits=True) if they are logits"
    )

    if _are_single(outputs):
        if inside:
            warnings.warn(
                "the model must return logits, got single outputs in [0, 1], as "
                f"probabilities are: {way_out}",
                stacklevel=2,
            )

    elif (first >= 0).all() and abs(first.sum().item() - 1) < 1e-3:
        raise ValueError(
            f"the model must return logits, got what look like probabilities; {way_out}"
        )
