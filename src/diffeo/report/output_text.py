"""What a model's outputs say to people: classes with a confidence, or values."""

import re
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import confidence_of
from diffeo.report.scales import Linear, Logit, Scale
from diffeo.shapes import Outputs, Scores

__all__ = ["Answers", "Classes", "Values", "answers_of"]

SURE = 0.99995  # from here on, four decimals would read 1.0000
RARE = 0.001
TARGET_CLASS = re.compile(r"TargetClass\(.*?confidence=([-+.\de]+)", re.DOTALL)


@runtime_checkable
class Answers(Protocol):
    """How to tell what a model says, and how near it is to what was asked."""

    @property
    def quantity(self) -> str:
        """What `strength` measures, in a word."""

    @property
    def along_quantity(self) -> str:
        """What `along` measures, in a word."""

    @property
    def scale(self) -> Scale:
        """On which scale strengths are drawn."""

    @property
    def needed(self) -> float:
        """Which number of `along` is at the target, from there on."""

    def says(self, outputs: Outputs) -> list[str]:
        """Return the answer to each row."""

    def sure(self, outputs: Outputs) -> list[str]:
        """Return how sure the model is of each answer; empty where it does not say."""

    def aims(self, target: Scores) -> list[str]:
        """Return what each row aims at."""

    def goal(self, target: Scores) -> str:
        """Return what the model was to do, to complete "for the model to"."""

    def strength(self, outputs: Outputs, target: Scores) -> Scores:
        """Return one number for each row that the search wants to move."""

    def along(self, margin: Tensor) -> Tensor:
        """Return such numbers along a search, given its margins."""

    def write(self, value: float) -> str:
        """Return one such number as text."""


@dataclass(frozen=True)
class Classes:
    """Outputs are logits; what counts is the confidence in the target.

    Args:
        confidence: Probability that the target had to exceed.
        names: What the classes are called, in order; their numbers if empty.
    """

    confidence: float
    names: tuple[str, ...] = ()

    @property
    def quantity(self) -> str:
        """What `strength` measures, in a word."""

        return "confidence"

    @property
    def along_quantity(self) -> str:
        """What `along` measures, in a word."""

        return "confidence"

    @property
    def scale(self) -> Scale:
        """Log-odds, on which confidences near 0 and 1 stay apart."""

        return Logit()

    @property
    def needed(self) -> float:
        """Return the target's confidence."""

        return self.confidence

    def says(self, outputs: Outputs) -> list[str]:
        """Return the name of each row's class.

        Raises:
            ValueError: If there are names, but not one for each class.
        """

        classes = 2 if _single(outputs) else outputs.shape[1]

        if self.names and len(self.names) != classes:
            raise ValueError(
                f"classes must name each of the model's {classes} classes, got "
                f"{len(self.names)} names"
            )

        return [self._name(index) for index in _answer(outputs).tolist()]

    def sure(self, outputs: Outputs) -> list[str]:
        """Return the probability of each row's class."""

        sure = confidence_of(outputs, _answer(outputs))

        return [self.write(value) for value in sure.tolist()]

    def aims(self, target: Scores) -> list[str]:
        """Return the name of each row's target."""

        return [self._name(int(index)) for index in target.tolist()]

    def goal(self, target: Scores) -> str:
        """Return the class and the confidence that were asked for."""

        aims = sorted(set(self.aims(target)))
        wanted = aims[0] if len(aims) == 1 else "another class"

        return f"answer {wanted} with a confidence above {self.confidence:g}"

    def strength(self, outputs: Outputs, target: Scores) -> Scores:
        """Return the confidence in the target."""

        return confidence_of(outputs, target.long())

    def along(self, margin: Tensor) -> Tensor:
        """Return the confidence in the target, or less where the margin is a lead.

        A target below one half may be held back by its lead over the next class.
        """

        odds = torch.logit(torch.tensor(self.confidence, dtype=torch.float64))

        return torch.sigmoid(margin.double() + odds)

    def write(self, value: float) -> str:
        """Return a probability as text that never reads 0 or 1."""

        if value >= SURE:
            return "> 0.9999"

        return f"{value:.0e}" if value < RARE else f"{value:.4f}"

    def _name(self, index: int) -> str:
        return self.names[index] if self.names else str(index)


@dataclass(frozen=True)
class Values:
    """Outputs are one value a row, in the model's units."""

    @property
    def quantity(self) -> str:
        """What `strength` measures, in a word."""

        return "answer"

    @property
    def along_quantity(self) -> str:
        """What `along` measures, in a word."""

        return "margin"

    @property
    def scale(self) -> Scale:
        """The values themselves."""

        return Linear()

    @property
    def needed(self) -> float:
        """Return the least margin at the target."""

        return 0.0

    def says(self, outputs: Outputs) -> list[str]:
        """Return the value of each row."""

        return [self.write(value) for value in outputs.reshape(-1).tolist()]

    def sure(self, outputs: Outputs) -> list[str]:
        """Return nothing for each row: a value has no probability."""

        return [""] * len(outputs)

    def aims(self, target: Scores) -> list[str]:
        """Return the value that each row aims at."""

        return [self.write(value) for value in target.tolist()]

    def goal(self, target: Scores) -> str:
        """Return the value that was asked for."""

        aims = sorted(set(target.tolist()))

        return f"move its answer to {', '.join(map(self.write, aims))}"

    def strength(self, outputs: Outputs, target: Scores) -> Scores:  # noqa: ARG002
        """Return the value."""

        return outputs.reshape(-1)

    def along(self, margin: Tensor) -> Tensor:
        """Return the margins themselves: at the target from 0 on."""

        return margin.double()

    def write(self, value: float) -> str:
        """Return a value as text."""

        return f"{value:.4g}"


def answers_of(record: Counterfactuals, names: tuple[str, ...] = ()) -> Answers:
    """Return how to read a record's outputs, as its own settings tell.

    Args:
        record: Whose objective is looked at.
        names: What the classes are called, if the objective was a class.
    """

    found = TARGET_CLASS.search(record.settings.get("objective", ""))

    return Classes(float(found[1]), names) if found else Values()


def _single(outputs: Outputs) -> bool:
    return outputs.ndim == 1 or outputs.shape[1] == 1


def _answer(outputs: Outputs) -> Tensor:
    """Return the class of each row; a single logit is of class 1 against class 0."""

    return (outputs.reshape(-1) > 0).long() if _single(outputs) else outputs.argmax(1)
