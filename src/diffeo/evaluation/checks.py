"""What an evaluation refuses before any judge is trained, and why."""

from collections.abc import Mapping

import torch

from diffeo.answers import ask
from diffeo.batching import in_batches
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.reference import Reference
from diffeo.evaluation.task import Task
from diffeo.objectives.classes import predicted_class
from diffeo.search.checks import check_latent, check_modes

__all__ = ["check_factuals", "check_reference", "check_task"]


def check_factuals(
    records: Mapping[str, Counterfactuals], untrained: Counterfactuals | None
) -> None:
    """Refuse records that are not of the same factuals, or of the first of them.

    Args:
        records: Records by name; the first has all factuals.
        untrained: Another of the first of these factuals.

    Raises:
        ValueError: If they are not.

    Example:
        >>> check_factuals({}, None)
        Traceback (most recent call last):
        ValueError: records must be at least one, got none
    """

    if not records:
        raise ValueError("records must be at least one, got none")

    first = next(iter(records))
    factual = records[first].factual

    for name, record in records.items():
        if not record.factual.equal(factual[: len(record)]):
            raise ValueError(
                f"records must have the same factuals, got other ones in {name} than "
                f"in {first}"
            )

    if untrained is not None and not untrained.factual.equal(factual[: len(untrained)]):
        raise ValueError(
            "the untrained record must have the first factuals of the others, got "
            "other ones"
        )


@torch.no_grad()
def check_task(record: Counterfactuals, task: Task) -> None:
    """Refuse a model or coordinates that cannot judge a record's data.

    Raises:
        ValueError: If they do not take such data, or answer with NaN or infinity, or
            the model's outputs are not like those of the record.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place, nine = torch.zeros(2, 2), Identity((2,)), TargetClass(1)
        >>> record = search(x, lambda x: 3 * x, nine, place)
        >>> check_task(record, Task(lambda x: x.sum(1), place, nine))
        Traceback (most recent call last):
        ValueError: the model must return outputs like the record's, (2,) a row, got ()
    """

    check_modes(model=task.model)
    wanted = record.outputs_before.shape[1:]
    outputs = in_batches(
        lambda rows: ask(task.model, rows, "the model"),
        torch.cat((record.factual, record.counterfactual)),
    )

    if not outputs.isfinite().all():
        raise ValueError("the model must return finite outputs, got NaN or infinity")

    if outputs.shape[1:] != wanted:
        raise ValueError(
            f"the model must return outputs like the record's, {tuple(wanted)} a row, "
            f"got {tuple(outputs.shape[1:])}"
        )

    encode = task.coordinates.encode
    check_latent(ask(encode, record.factual[:1], "coordinates.encode"))


def check_reference(record: Counterfactuals, reference: Reference) -> None:
    """Refuse reference data that lack a class of the factuals or of the targets.

    Raises:
        ValueError: If they do, or the targets are not classes as the labels are.

    Example:
        >>> from diffeo import AtLeast, Identity, search
        >>> from diffeo.data.labelled import LabelledImages
        >>> record = search(
        ...     torch.zeros(2, 2), lambda x: x.sum(1), AtLeast(0.5), Identity((2,))
        ... )
        >>> data = LabelledImages(torch.rand(2, 1, 2, 1), torch.tensor([0, 1]))
        >>> check_reference(record, Reference(data, data))
        Traceback (most recent call last):
        ValueError: the record must aim at one of the 2 classes of its outputs, ...
    """

    if reference.has_values:
        return

    target, outputs = record.target, record.outputs_before
    classes = max(2, outputs[0].numel())
    wrong = target[(target != target.long()) | (target < 0) | (target >= classes)]

    if len(wrong):
        raise ValueError(
            f"the record must aim at one of the {classes} classes of its outputs, as "
            f"the data have classes, got the value {wrong[0]:.4g}"
        )

    needed = {*predicted_class(outputs).tolist(), *target.long().tolist()}

    for name, part in (("training", reference.train), ("held-out", reference.held_out)):
        missing = needed - set(part.labels.tolist())

        if missing:
            raise ValueError(
                f"{name} data must have images of all classes of the record besides "
                f"its factuals, got none of class {min(missing)}"
            )
