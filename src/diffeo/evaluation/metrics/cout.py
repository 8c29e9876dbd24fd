"""COUT: how the model's answer turns while the changed pixels are inserted."""

import math

import torch

from diffeo.batching import in_batches
from diffeo.counterfactuals import Counterfactuals
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, metric
from diffeo.objectives.classes import confidence_of, predicted_class
from diffeo.shapes import Images, Indices, Model, Scores

__all__ = ["cout"]

STEPS = 50


@torch.no_grad()
def cout(
    factual: Images,
    counterfactual: Images,
    model: Model,
    *,
    source: Indices,
    target: Indices,
    steps: int,
) -> Scores:
    """Return the area under the target's curve less that under the source's.

    The curves are the model's probabilities while the pixels become the
    counterfactual's, those that change most first, all channels of one together. The
    area lies in [−1, 1] and is high if few changed pixels already turn the answer. It
    judges what the model looks at, not whether a person would agree: adversarial
    examples may score high.

    Source: Khorram and Fuxin, 2022, Cycle-consistent counterfactuals by latent
    transformations, Section 4.1, "COUT".

    Args:
        factual: Images.
        counterfactual: Their counterfactuals.
        model: Classifier under explanation, from images to logits.
        source: Its class of each factual.
        target: The class that each row aims at.
        steps: Number of parts in which the pixels are inserted; not more than pixels.

    Example:
        >>> def model(x: torch.Tensor) -> torch.Tensor:
        ...     return 18 * x.flatten(1)[:, :1] - 9
        >>> x, one = torch.zeros(1, 1, 1, 4), torch.ones(1).long()
        >>> cout(x, x + 1, model, source=one - 1, target=one, steps=4)
        tensor([0.7498])
    """

    size = (counterfactual - factual).norm(dim=1).flatten(1)
    place = size.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    rank = place.reshape(len(factual), 1, *factual.shape[2:])
    lead = []

    for count in torch.linspace(0, size.shape[1], steps + 1).round().long().tolist():
        x = torch.where(rank < count, counterfactual, factual)
        outputs = in_batches(model, x)
        lead.append(confidence_of(outputs, target) - confidence_of(outputs, source))

    return torch.trapezoid(torch.stack(lead, dim=1), dx=1 / steps)


@metric(Better.HIGHER)
def cout_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """How soon the model turns when the most changed pixels come first: 1 at once."""

    x, after = record.factual, record.counterfactual
    scores = cout(
        x,
        after,
        judges.task.model,
        source=predicted_class(record.outputs_before),
        target=record.target.long(),
        steps=min(STEPS, math.prod(x.shape[2:])),
    )

    return torch.where((after != x).flatten(1).any(1), scores, torch.nan)
