"""Rows stop where they are asked to, whatever the unit and the shape of a model."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from diffeo.ascents import Adam, Ascent, Gradient, NormalizedGradient
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.objectives import AtLeast, AtMost, Near, Objective, Point, TargetClass
from diffeo.search import Run, search

PLACE = Identity((4,))
SLOPE = torch.tensor([1.0, 2.0, -1.0, 0.5], dtype=torch.float64)
X = torch.rand(6, 4, generator=torch.Generator().manual_seed(2)).double()

SHAPES: dict[str, Callable[[Tensor], Tensor]] = {
    "line": lambda v: v,
    "saturating": lambda v: (v - 1).tanh(),
    "steep": lambda v: (5 * v - 8).tanh(),
    "exponential": torch.exp,
    "soft": softplus,
    "cubic": lambda v: v**3 + v,
    "never negative": torch.relu,
}

VALUES: dict[str, Callable[[float], Objective]] = {
    "at least": lambda unit: AtLeast(0.5 * unit),
    "at most": lambda unit: AtMost(0.01 * unit),
    "near": lambda unit: Near(0.2 * unit, within=0.01 * unit),
    "very near": lambda unit: Near(0.2 * unit, within=1e-4 * unit),
}

CLASSES: dict[str, tuple[Objective, Tensor]] = {
    "a class": (TargetClass(2, 0.9), torch.eye(4, dtype=torch.float64)[:, :3] * 9),
    "one each": (TargetClass((0, 1, 2, 0, 1, 2)), torch.eye(4, 3).double() * 4),
    "any other": (TargetClass("other"), torch.eye(4, 3).double() * 4),
    "single logit": (TargetClass(1, logits=True), SLOPE[:, None]),
}

LIMIT = 5.0  # tolerances past the target by which rows stop


def assert_stopped(record: Counterfactuals, objective: Objective) -> None:
    """Each row is at its target, with no more margin than it may have."""

    x, z, outputs = record.factual, record.origin, record.outputs_before
    start = Point(x, z, outputs, x, z)
    enough = objective.tolerance(start, objective.start(start))
    searched = record.outcome == Outcome.REACHED
    margin = record.margin / enough

    assert record.reached.all()
    assert (record.margin >= 0).all()
    assert (margin[searched] <= LIMIT + 1e-9).all()


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("goal", VALUES)
def test_values_stop_within_the_tolerance_in_a_hundred_steps(
    goal: str, shape: str, unit: float
) -> None:
    def model(x: Tensor) -> Tensor:
        return unit * SHAPES[shape](x @ SLOPE)

    objective = VALUES[goal](unit)

    assert_stopped(search(X, model, objective, PLACE, run=Run(steps=100)), objective)


@pytest.mark.parametrize("goal", CLASSES)
def test_classes_stop_within_the_tolerance_in_a_hundred_steps(goal: str) -> None:
    objective, weights = CLASSES[goal]
    record = search(X, lambda x: x @ weights, objective, PLACE, run=Run(steps=100))

    assert_stopped(record, objective)


@pytest.mark.parametrize(
    "ascent", [NormalizedGradient(0.5), Gradient(0.3), Adam(0.3)], ids=repr
)
def test_a_step_across_the_target_is_followed_by_one_between(ascent: Ascent) -> None:
    objective = Near(1.0, within=0.01)
    record = search(
        X, lambda x: (x @ SLOPE).exp(), objective, PLACE, ascent, Run(steps=100)
    )

    assert_stopped(record, objective)


def test_a_value_that_cannot_go_lower_is_not_searched_to_the_end() -> None:
    record = search(
        X, lambda x: (x @ SLOPE).relu(), AtMost(0.0), PLACE, NormalizedGradient(0.1)
    )

    assert record.reached.all()
    assert (record.steps < 50).all()


def test_a_small_unit_leads_no_further_than_a_large_one() -> None:
    def found(unit: float) -> Tensor:
        return search(
            X, lambda x: unit * (x @ SLOPE).exp(), AtLeast(20 * unit), PLACE
        ).latent

    torch.testing.assert_close(found(1e-3), found(1.0))
