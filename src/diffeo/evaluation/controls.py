"""What is judged: records, and controls that show what the metrics can tell."""

from dataclasses import replace
from typing import NamedTuple

import torch

from diffeo.batching import in_batches
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.task import Task
from diffeo.shapes import Flags, Images, Scores

__all__ = ["Subject", "noise", "originals", "real"]

HALVINGS = 40
MOST = 1e3  # times the wanted length: so far noise may be scaled up before clipping


class Subject(NamedTuple):
    """A record, of a method or of a control, and which of its rows are judged.

    Args:
        record: Factuals, and what claims to be at the targets.
        judged: Rows that metrics judge: of a method those that reached their target.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x = torch.full((2, 1, 1, 2), 0.5)
        >>> task = Task(lambda x: 9 * x.flatten(1), Identity((1, 1, 2)), TargetClass(1))
        >>> record = search(x, task.model, task.objective, task.coordinates)
        >>> Subject(record, record.reached).judged
        tensor([True, True])
    """

    record: Counterfactuals
    judged: Flags


def originals(record: Counterfactuals, task: Task) -> Subject:
    """Return the factuals as if they were counterfactuals of themselves.

    Args:
        record: Whose factuals to take.
        task: What the model was to answer.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x = torch.full((2, 1, 1, 2), 0.5)
        >>> task = Task(lambda x: 9 * x.flatten(1), Identity((1, 1, 2)), TargetClass(1))
        >>> record = search(x, task.model, task.objective, task.coordinates)
        >>> originals(record, task).record.distance
        tensor([0., 0.])
    """

    return _control(record, record.factual, task)


def real(record: Counterfactuals, task: Task, reference: Reference) -> Subject:
    """Return held-out data that are at the targets as if they were counterfactuals.

    Rows of one target get its images in their order; where there are too few of them,
    the remaining rows are not judged.

    Args:
        record: Whose factuals and targets to take.
        task: What the model was to answer.
        reference: Real data.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> from diffeo.data.labelled import LabelledImages
        >>> x = torch.full((2, 1, 1, 2), 0.5)
        >>> task = Task(lambda x: 9 * x.flatten(1), Identity((1, 1, 2)), TargetClass(1))
        >>> record = search(x, task.model, task.objective, task.coordinates)
        >>> data = LabelledImages(torch.rand(2, 1, 1, 2), torch.tensor([0, 1]))
        >>> real(record, task, Reference(data, data)).judged  # there is but one
        tensor([ True, False])
    """

    images = torch.zeros_like(record.factual)
    there = torch.zeros_like(record.reached)

    for target in record.target.unique():
        rows = (record.target == target).nonzero()[:, 0]
        members = _members(reference, target.item(), task)
        turn = torch.arange(len(rows), device=rows.device)
        images[rows] = members[turn % len(members)].to(images)
        there[rows] = turn < len(members)

    return _control(record, images, task)._replace(judged=there)


def noise(record: Counterfactuals, task: Task) -> Subject:
    """Return factuals in [0, 1] with noise as long as each counterfactual's change.

    The noise, one image for all rows, is scaled row by row so that it is as long as
    wanted once clipped.

    Args:
        record: Whose factuals and changes to take.
        task: What the model was to answer.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x = torch.full((2, 1, 1, 2), 0.5)
        >>> task = Task(lambda x: 9 * x.flatten(1), Identity((1, 1, 2)), TargetClass(1))
        >>> record = search(x, task.model, task.objective, task.coordinates)
        >>> torch.allclose(noise(record, task).record.distance, record.distance)
        True
    """

    x = record.factual
    generator = torch.Generator().manual_seed(0)
    draw = torch.randn(x.shape[1:], generator=generator, dtype=x.dtype).to(x.device)
    low, high = 0 * record.distance, MOST * record.distance / draw.norm()

    def moved(scale: Scores) -> Images:
        return (x + scale[:, None, None, None] * draw).clamp(0, 1)

    for _ in range(HALVINGS):
        middle = (low + high) / 2
        short = (moved(middle) - x).flatten(1).norm(dim=1) < record.distance
        low, high = torch.where(short, middle, low), torch.where(short, high, middle)

    return _control(record, moved(low), task)


def _members(reference: Reference, target: float, task: Task) -> Images:
    """Return the held-out data whose true class or value is at the target."""

    held_out = reference.held_out

    if not reference.has_values:
        return held_out.of(int(target))

    found = held_out.images[task.margin(held_out.labels, before=held_out.labels) >= 0]

    if len(found) == 0:
        raise ValueError("held-out data must have values at the target, got none")

    return found


@torch.no_grad()
def _control(record: Counterfactuals, x: Images, task: Task) -> Subject:
    """Return data in place of a record's counterfactuals, asked of the model."""

    outputs = in_batches(task.model, x)
    there = task.margin(outputs, before=record.outputs_before) >= 0
    control = replace(
        record,
        reconstruction=torch.full_like(x, torch.nan),
        counterfactual=x,
        outcome=torch.where(there, Outcome.REACHED, Outcome.EXHAUSTED),
        outputs_after=outputs,
        seconds=torch.full_like(record.seconds, torch.nan),
    )

    return Subject(control, torch.ones_like(there))
