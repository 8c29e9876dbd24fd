"""How the model's answer turns while the changed pixels are inserted: COUT."""

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.objectives import confidence_of
from diffeo.shapes import Images, Indices, Model, Scores

__all__ = ["Curves", "cout", "insertion_curves"]

Curves = Float[Tensor, "batch points"]


@torch.no_grad()
def insertion_curves(
    factual: Images,
    counterfactual: Images,
    model: Model,
    label: Indices,
    *,
    steps: int = 50,
) -> Curves:
    """Return the probability of a class while pixels become the counterfactual's.

    The pixels that change most come first, all channels of one together.

    Args:
        factual: Where the curves start.
        counterfactual: Where they end.
        model: From images to logits.
        label: The class of each row.
        steps: In how many parts the pixels are inserted.

    Raises:
        ValueError: If there are more steps than pixels, or none.
    """

    size = (counterfactual - factual).norm(dim=1).flatten(1)
    pixels = size.shape[1]

    if not 1 <= steps <= pixels:
        raise ValueError(f"steps must be from 1 to {pixels}, got {steps}")

    place = size.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    rank = place.reshape(len(factual), 1, *factual.shape[2:])
    curve = []

    for count in torch.linspace(0, pixels, steps + 1).round().long().tolist():
        x = torch.where(rank < count, counterfactual, factual)
        curve.append(confidence_of(model(x), label))

    return torch.stack(curve, dim=1)


def cout(
    factual: Images,
    counterfactual: Images,
    model: Model,
    *,
    source: Indices,
    target: Indices,
    steps: int = 50,
) -> Scores:
    """Return the area under the target's curve less that under the source's.

    It lies in [−1, 1] and is high if few changed pixels already turn the answer. It
    judges what the model looks at, not whether a person would agree: adversarial
    examples may score high.

    Source: Khorram and Fuxin, 2022, Cycle-consistent counterfactuals by latent
    transformations, Section 4.1, "COUT".

    Args:
        factual: Images.
        counterfactual: What became of them.
        model: The model under explanation, from images to logits.
        source: Its answer to each factual.
        target: The class each row aims at.
        steps: In how many parts the pixels are inserted.
    """

    areas = [
        torch.trapezoid(
            insertion_curves(factual, counterfactual, model, label, steps=steps),
            dx=1 / steps,
        )
        for label in (target, source)
    ]

    return areas[0] - areas[1]
