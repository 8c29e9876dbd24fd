"""An objective while another model's outputs stay within a band."""

import math

import pytest

from diffeo import AtLeast, Held, Identity, Run, TargetClass, search
from diffeo.objectives import Objective
from diffeo.shapes import Model
from laws import SHAPE, images, tiny_classifier

X = images(12, seed=5)
FIRST, SECOND = tiny_classifier(3), tiny_classifier(2, seed=6)
FEW = Run(steps=100, batch_size=5)


@pytest.mark.parametrize("band", [1.0, 0.02])
@pytest.mark.parametrize(
    ("goal", "model"),
    [(TargetClass(2, 0.9), FIRST), (AtLeast(0.6), tiny_classifier(1))],
    ids=["class", "value"],
)
def test_the_second_output_stays_within_its_band(
    goal: Objective, model: Model, band: float
) -> None:
    alone, held = (
        search(X, model, objective, Identity(SHAPE), run=FEW)
        for objective in (goal, Held(goal, SECOND, band))
    )
    change = [
        (SECOND(record.counterfactual) - SECOND(X)).abs().amax(1)
        for record in (alone, held)
    ]

    assert (change[0] > band).any()
    assert held.reached.float().mean() > 0.9
    assert (change[1][held.reached] <= band).all()


def test_what_cannot_be_held_is_not_reached() -> None:
    model = tiny_classifier(1)
    goal = Held(AtLeast(5.0), model, band=0.1)
    record = search(X, model, goal, Identity(SHAPE), run=Run(steps=20, retries=0))

    assert not record.reached.any()


@pytest.mark.parametrize("band", [0.0, -1.0, math.inf, math.nan])
def test_a_band_of_no_width_or_no_end_is_refused(band: float) -> None:
    with pytest.raises(ValueError, match="band must be above 0 and finite, got"):
        Held(AtLeast(1.0), SECOND, band)


def test_a_model_that_cannot_be_asked_is_refused() -> None:
    goal = Held(AtLeast(1.0), tiny_classifier(2).train(), 1.0)

    with pytest.raises(ValueError, match="the held model must be in evaluation mode"):
        search(X, tiny_classifier(1), goal, Identity(SHAPE))
