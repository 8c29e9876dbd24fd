"""An objective while the data stay typical."""

from copy import deepcopy
from typing import cast

import pytest
import torch
from torch import Tensor

from diffeo import AtLeast, Identity, Run, TargetClass, Typical, search
from diffeo.models.flow.flow import Flow
from diffeo.objectives import Objective
from diffeo.shapes import Model
from laws import SHAPE, images, tiny_classifier, tiny_flow

X = images(12, seed=5).double()
DENSITY = tiny_flow().log_prob(X)
FEW = Run(steps=100, batch_size=5)


def bounded(low: float, high: float) -> Flow:
    flow = deepcopy(tiny_flow())
    flow.typical.copy_(torch.tensor([low, high]))

    return flow


@pytest.mark.parametrize(
    ("goal", "model"),
    [
        (TargetClass(2, 0.9), tiny_classifier(3).double()),
        (AtLeast(0.6), tiny_classifier(1).double()),
    ],
    ids=["class", "value"],
)
def test_what_is_reached_is_typical(goal: Objective, model: Model) -> None:
    flow = bounded(*DENSITY.quantile(torch.tensor([0.2, 0.8]).double()).tolist())
    kept, free = (
        search(X, model, objective, flow, run=FEW)
        for objective in (Typical(goal, flow), goal)
    )
    kept_typical, free_typical = (
        cast("Tensor", flow.is_typical(record.counterfactual[record.reached]))
        for record in (kept, free)
    )

    assert kept.reached.double().mean() > 0.7
    assert kept_typical.all()
    assert not free_typical.all()


def test_coordinates_without_a_density_or_its_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="as a fitted flow, got Identity"):
        Typical(AtLeast(1.0), Identity(SHAPE))

    with pytest.raises(ValueError, match="measured after training, got Flow"):
        Typical(AtLeast(1.0), tiny_flow())
