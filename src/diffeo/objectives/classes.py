"""Be of a class: the objective of classifiers."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from diffeo.objectives.protocol import Point
from diffeo.shapes import Memory, Outputs, Scores

__all__ = ["TargetClass", "confidence_of", "log_odds"]

NEVER = torch.finfo(torch.float32).min
MANY = 8  # so many single outputs are not all in [0, 1] unless they are probabilities


@dataclass(frozen=True)
class TargetClass:
    """Be of a class, with a confidence.

    Scores and margins are log-odds, which do not saturate as probabilities do. The
    model returns a logit for each class, or a single one for class 1 against class 0.

    Source: Dombrowski et al., 2024, equation (2).

    Args:
        target: The class, a class for each row, or "other": any but the model's own
            answer.
        confidence: Probability Λ that the target must exceed.
    """

    target: int | tuple[int, ...] | Literal["other"]
    confidence: float = 0.99

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise ValueError(
                f"confidence must be between 0 and 1, both excluded, got "
                f"{self.confidence}"
            )

    def start(self, point: Point) -> Memory:
        """Return which classes each row may aim at."""

        logits = _logits(point.outputs)
        _refuse_probabilities(point.outputs)
        rows, classes = logits.shape

        if self.target == "other":
            own = logits.argmax(1, keepdim=True)

            return (
                torch.ones_like(logits, dtype=torch.bool).scatter(1, own, value=False),
            )

        wanted = (self.target,) * rows if isinstance(self.target, int) else self.target

        if len(wanted) != rows:
            raise ValueError(
                f"target must be one class or one for each of the {rows} rows, got "
                f"{len(wanted)} classes"
            )

        wrong = next((target for target in wanted if not 0 <= target < classes), None)

        if wrong is not None:
            raise ValueError(
                f"target must be a class from 0 to {classes - 1}, got {wrong}"
            )

        index = torch.tensor(wanted, device=logits.device)[:, None]

        return (
            torch.zeros_like(logits, dtype=torch.bool).scatter(1, index, value=True),
        )

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

    def aim(self, point: Point, memory: Memory) -> Scores:
        """Return the class each row aims at."""

        logits, best = self._best(point, memory)

        return best.to(logits.dtype)

    def _best(self, point: Point, memory: Memory) -> tuple[Tensor, Tensor]:
        logits = _logits(point.outputs)
        (allowed,) = memory

        return logits, logits.masked_fill(~allowed, NEVER).argmax(1)


def log_odds(logits: Outputs, target: Tensor) -> Scores:
    """Return the log-odds of a class of each row under softmax.

    Args:
        logits: Shape (batch, classes).
        target: The class of each row, shape (batch,).
    """

    own = logits.gather(1, target[:, None])[:, 0]

    return own - _without(logits, target).logsumexp(1)


def confidence_of(outputs: Outputs, target: Tensor) -> Scores:
    """Return the probability that a classifier gives to a class of each row.

    Args:
        outputs: Logits of shape (batch, classes), or single ones.
        target: The class of each row, shape (batch,).
    """

    return torch.sigmoid(log_odds(_logits(outputs), target))


def _without(logits: Tensor, target: Tensor) -> Tensor:
    return logits.scatter(1, target[:, None], NEVER)


def _logits(outputs: Outputs) -> Tensor:
    single = outputs.ndim == 1 or (outputs.ndim == 2 and outputs.shape[1] == 1)

    if single:
        logit = outputs.reshape(-1, 1)

        return torch.cat((torch.zeros_like(logit), logit), dim=1)

    if outputs.ndim != 2:
        raise ValueError(
            "the model must return logits of shape (batch, classes), (batch, 1) or "
            f"(batch,), got {tuple(outputs.shape)}"
        )

    return outputs


def _refuse_probabilities(outputs: Outputs) -> None:
    inside = bool(((outputs >= 0) & (outputs <= 1)).all())
    several = outputs.ndim == 2 and outputs.shape[1] > 1

    if several:
        probable = inside and torch.allclose(
            outputs.sum(1), outputs.new_ones(()), atol=1e-3
        )
    else:
        probable = inside and len(outputs) >= MANY

    if probable:
        raise ValueError(
            "the model must return logits, got what look like probabilities; "
            "wrap it as Logits(model)"
        )
