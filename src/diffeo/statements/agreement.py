"""Whether a model that a search knew nothing of finds the target too."""

from functools import partial
from typing import Any

import torch

from diffeo.answers import ask
from diffeo.batching import in_batches
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives.agreed import asked
from diffeo.objectives.classes import TargetClass, class_logits, predicted_class
from diffeo.shapes import Data, Model, Outputs, Scores

__all__ = ["agreement", "check_judge"]

FEW = 8  # rows on which a judge is tried
JUDGE = "the judge"


@torch.no_grad()
def agreement(record: Counterfactuals, model: Model) -> Counterfactuals:
    """State in which rows another model, a judge, answers what the search was for.

    A class is answered if its logit is the greatest, whatever the confidence; a value
    if it lies in the interval that was wanted. A judge of the same data shares the
    model's mistakes; only one that the search did not ask says anything.

    Args:
        record: Of a search for a class or a value.
        model: The judge, from data to logits or values, in evaluation mode; one that
            was held out of the search.

    Returns:
        The record with the statements "agreement_before" and "agreement_after": 1
        where the judge answers so at the factual and at the counterfactual, else 0,
        and NaN where it answers nothing finite. Of values also "judge_value_before"
        and "judge_value_after", what it answers there, in its own unit.

    Raises:
        ValueError: If the record's objective is neither a class nor an interval, or
            the judge fails or has other outputs than the model that was searched.

    Example:
        >>> from diffeo import Identity, TargetClass, search
        >>> x = torch.tensor([[2.0, 0.0], [1.0, 0.5]])
        >>> record = search(x, lambda x: 3 * x, TargetClass(1), Identity((2,)))
        >>> stated = agreement(record, lambda x: x**3).statements
        >>> stated["agreement_before"], stated["agreement_after"]
        (tensor([0., 0.]), tensor([1., 1.]))
    """

    of_classes, wanted = record.is_of_classes, record.outputs_before[:FEW]
    check_judge(model, record.factual[:FEW], wanted, of_classes=of_classes)
    stated: dict[str, Scores] = {}

    for when, x in ("before", record.factual), ("after", record.counterfactual):
        outputs = in_batches(partial(ask, model, name=JUDGE), x, record.batch_size)
        outputs = outputs.to(record.margin)
        stated[f"agreement_{when}"] = _at_target(record, outputs)

        if not of_classes:
            stated[f"judge_value_{when}"] = outputs.reshape(-1)

    return record.stating(stated)


def check_judge(model: Model, x: Data, wanted: Outputs, *, of_classes: bool) -> None:
    """Refuse a judge that cannot be asked, or not for what a model was.

    Args:
        model: The judge.
        x: A few of the data.
        wanted: What the model that is searched answers to them.
        of_classes: Whether they are logits of classes: two, or a single one of class 1,
            mean the same.

    Raises:
        ValueError: If the judge is in training mode, fails, or has other outputs.

    Example:
        >>> x, wanted = torch.zeros(2, 3), torch.zeros(2, 4)
        >>> check_judge(lambda x: x, x, wanted, of_classes=True)
        Traceback (most recent call last):
        ValueError: the judge must answer as the model does, with 4 classes, got 3
    """

    found = asked(model, JUDGE, x)
    own, others = (
        class_logits(outputs).shape[1] if of_classes else outputs[0].numel()
        for outputs in (found, wanted)
    )

    if own != others:
        kind = "classes" if of_classes else "values"

        raise ValueError(
            f"the judge must answer as the model does, with {others} {kind}, got {own}"
        )

    if of_classes and found[0].numel() == 1:
        TargetClass(1).check(found, len(found))  # warns if it looks like a probability


def _at_target(record: Counterfactuals, outputs: Outputs) -> Scores:
    """Return 1 where outputs are at the target, 0 elsewhere, NaN for no answer."""

    each, objective = outputs.reshape(len(outputs), -1), record.objective
    known: Any = objective

    if record.is_of_classes:
        there = predicted_class(outputs) == record.target.long()
    elif known.get("name") == "Between":
        inside = each.clamp(known["low"], known["high"]) == each  # None is no bound
        there = inside.all(1)
    else:
        raise ValueError(
            "the record's objective must be a class or an interval, got "
            f"{objective.get('name', 'none')}"
        )

    return there.to(outputs.dtype).where(each.isfinite().all(1), torch.nan)
