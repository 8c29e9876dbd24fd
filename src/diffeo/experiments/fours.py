"""Fours that become nines: the searches that several experiments share."""

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.ascents import Adam, Ascent, Box
from diffeo.batching import batches_of
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mnist import Digits
from diffeo.explanation import explain
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.dequantization import dequantize
from diffeo.models.flow.flow import Flow, as_flow
from diffeo.objectives import TargetClass
from diffeo.search import USUAL, Run, search

__all__ = [
    "CONFIDENCE",
    "CONTROL_ROWS",
    "CONTROL_STEPS",
    "PAPER",
    "SOURCE",
    "TARGET",
    "adversarial",
    "counterfactual",
    "digits_flow",
    "right_digits",
    "untrained_flow",
]

SOURCE, TARGET, CONFIDENCE = 4, 9, 0.99
CONTROL_ROWS, CONTROL_STEPS = 50, 300  # enough for an untrained flow
PAPER = Adam(0.05)
DATA = Box(Adam(5e-4), 0.0, 1.0)


def digits_flow() -> Flow:
    """Return the trained flow of digits that comes with the package."""

    return as_flow(zoo.load("mnist-flow"))


def untrained_flow(digits: Digits) -> Flow:
    """Return a flow of the same shape, with its data-dependent first weights only."""

    flow = as_flow(zoo.card("mnist-flow").recipe.build())
    generator = torch.Generator().manual_seed(0)
    initialize(flow, dequantize(digits.images[:2000], generator=generator))

    return flow.eval().requires_grad_(requires_grad=False)


@torch.no_grad()
def right_digits(digits: Digits, model: nn.Module, *, digit: int, count: int) -> Tensor:
    """Return the first images of a digit that a classifier gets right."""

    of_class = digits.select(digits.labels == digit)
    right = (
        torch.cat([model(x).argmax(1) for x in batches_of(of_class.images)]) == digit
    )

    return of_class.images[right][:count]


def counterfactual(
    x: Tensor, model: nn.Module, flow: Flow, *, run: Run, ascent: Ascent = USUAL
) -> Counterfactuals:
    """Turn digits into nines in the latent coordinates of a flow."""

    return explain(
        x, model, flow, target=TARGET, confidence=CONFIDENCE, ascent=ascent, run=run
    )


def adversarial(
    x: Tensor, model: nn.Module, *, run: Run, ascent: Ascent = DATA
) -> Counterfactuals:
    """Turn digits into what the classifier takes for nines, in data space."""

    objective = TargetClass(TARGET, CONFIDENCE)

    return search(x, model, objective, Identity(tuple(x.shape[1:])), ascent, run)
