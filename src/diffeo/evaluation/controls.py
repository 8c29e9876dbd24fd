"""What is judged: counterfactuals, and controls that show what the judges can tell."""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.reference import Reference
from diffeo.objectives import Point, TargetClass
from diffeo.shapes import Data, Flags, Images, Indices, Model, Outputs, Scores

__all__ = ["Subject", "noise", "of_record", "originals", "real"]

HALVINGS = 40
MOST = 1e3  # times the wanted size: so far the noise may be blown up before clipping


@dataclass(frozen=True, eq=False)
class Subject:
    """Data that claim to be of a class or to have a value, whoever made them.

    Args:
        factual: What they were made from.
        reconstruction: The factuals encoded and decoded; not a number for controls.
        counterfactual: What is judged.
        source: The model's class, or value, of each factual.
        target: The class, or value, that each row claims.
        success: Whether the model agrees.
        judged: Rows to be judged; the other ones have failed, or are not there.
        seconds: Time spent on each row; not a number for controls.
    """

    factual: Data
    reconstruction: Data
    counterfactual: Data
    source: Scores
    target: Scores
    success: Flags
    judged: Flags
    seconds: Scores

    def __len__(self) -> int:
        """Return the number of rows."""

        return len(self.factual)

    @property
    def change(self) -> Data:
        """The counterfactuals less the factuals."""

        return self.counterfactual - self.factual

    @property
    def source_class(self) -> Indices:
        """The source as a class."""

        return self.source.long()

    @property
    def target_class(self) -> Indices:
        """The target as a class."""

        return self.target.long()


def of_record(record: Counterfactuals) -> Subject:
    """Return a record as what is judged: the rows that reached their target.

    Args:
        record: Of one method.
    """

    return Subject(
        factual=record.factual,
        reconstruction=record.reconstruction,
        counterfactual=record.counterfactual,
        source=_answer(record.outputs_before).to(record.target),
        target=record.target,
        success=record.reached,
        judged=record.reached,
        seconds=record.seconds,
    )


def originals(subject: Subject, model: Model, confidence: float) -> Subject:
    """Return the factuals as if they were counterfactuals of themselves.

    Args:
        subject: Whose factuals.
        model: The classifier under explanation.
        confidence: That it must have in the target.
    """

    return _control(subject, subject.factual, model, confidence)


def real(
    subject: Subject, reference: Reference, model: Model, confidence: float
) -> Subject:
    """Return held-out data of the target classes as if they were counterfactuals.

    Where there are too few of them, the remaining rows are not judged.

    Args:
        subject: Whose factuals and targets.
        reference: Real data.
        model: The classifier under explanation.
        confidence: That it must have in the target.
    """

    images, again = reference.real(subject.target_class)
    control = _control(subject, images.to(subject.factual), model, confidence)

    return Subject(**{**vars(control), "judged": again == 0})


def noise(
    subject: Subject, model: Model, confidence: float, *, seed: int = 0
) -> Subject:
    """Return factuals in [0, 1] with noise as long as each counterfactual's change.

    Args:
        subject: Whose factuals and changes.
        model: The classifier under explanation.
        confidence: That it must have in the target.
        seed: Of the noise.
    """

    x = subject.factual
    generator = torch.Generator().manual_seed(seed)
    draw = torch.randn(x.shape[1:], generator=generator, dtype=x.dtype).to(x.device)
    noisy = _noisy(x, draw, subject.change.flatten(1).norm(dim=1))

    return _control(subject, noisy, model, confidence)


def _noisy(x: Images, draw: Tensor, length: Scores) -> Images:
    """Scale noise row by row so that, once clipped, it is as long as wanted."""

    low = torch.zeros_like(length)
    high = MOST * length / draw.norm()
    sides = (-1, *(1,) * (x.ndim - 1))

    def moved(scale: Scores) -> Images:
        return (x + scale.reshape(sides) * draw).clamp(0, 1)

    for _ in range(HALVINGS):
        middle = (low + high) / 2
        short = (moved(middle) - x).flatten(1).norm(dim=1) < length
        low, high = torch.where(short, middle, low), torch.where(short, high, middle)

    return moved(low)


@torch.no_grad()
def _control(subject: Subject, x: Data, model: Model, confidence: float) -> Subject:
    return Subject(
        factual=subject.factual,
        reconstruction=torch.full_like(subject.factual, torch.nan),
        counterfactual=x,
        source=subject.source,
        target=subject.target,
        success=_there(x, model, subject.target_class, confidence),
        judged=torch.ones_like(subject.judged),
        seconds=torch.full_like(subject.seconds, torch.nan),
    )


def _there(x: Data, model: Model, target: Indices, confidence: float) -> Flags:
    """Return whether a classifier is as sure of the target as a search must make it."""

    latent, outputs = x.flatten(1), model(x)
    point = Point(x, latent, outputs, x, latent)
    objective = TargetClass(tuple(target.tolist()), confidence)
    reached: Flags = objective.margin(point, objective.start(point)) >= 0

    return reached


def _answer(outputs: Outputs) -> Scores:
    """Return the class that a classifier answers."""

    single = outputs.ndim == 1 or outputs.shape[1] == 1
    answer = outputs.reshape(-1) > 0 if single else outputs.argmax(1)

    return answer.to(outputs)
