"""Whether a model that a search knew nothing of finds the target too."""

from typing import Any

import torch

from diffeo.batching import in_batches
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives.classes import predicted_class
from diffeo.shapes import Flags, Model, Outputs

__all__ = ["agreement"]


@torch.no_grad()
def agreement(record: Counterfactuals, model: Model) -> tuple[Flags, Flags]:
    """Return in which rows another model answers what the search was for.

    A class is answered if its logit is the greatest, whatever the confidence; a value
    if it lies in the interval that was wanted.

    Args:
        record: Of a search for a class or a value.
        model: From data to logits or values, in evaluation mode; one that was held out
            of the search.

    Returns:
        Whether it answers so at each factual, and at each counterfactual.

    Raises:
        ValueError: If the record's objective is neither a class nor an interval.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x = torch.tensor([[2.0, 0.0], [1.0, 0.5]])
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), Identity((2,)))
        >>> agreement(record, lambda x: x**3)
        (tensor([False, False]), tensor([True, True]))
    """

    return (
        _at_target(record, in_batches(model, record.factual)),
        _at_target(record, in_batches(model, record.counterfactual)),
    )


def _at_target(record: Counterfactuals, outputs: Outputs) -> Flags:
    if record.is_of_classes:
        return predicted_class(outputs) == record.target.long()

    objective: Any = record.objective

    match objective:
        case {"name": "Between", "low": low, "high": high}:
            inside = outputs.clamp(low, high) == outputs  # None is no bound

            return inside.reshape(len(outputs), -1).all(1)

    raise ValueError(
        "the record's objective must be a class or an interval, got "
        f"{objective.get('name', 'none')}"
    )
