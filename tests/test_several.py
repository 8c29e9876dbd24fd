"""Several counterfactuals of one input, by changes in different directions."""

import math
from functools import cache
from itertools import combinations

import pytest
import torch
from torch import Tensor

from diffeo import (
    AtLeast,
    Identity,
    LatentDistance,
    Near,
    Repelled,
    Run,
    Smoothed,
    TargetClass,
    alternatives,
    explain,
    search,
    search_several,
)
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.objectives import Objective
from diffeo.objectives.repelled import ANGLE
from laws import SHAPE, images, tiny_classifier, tiny_flow
from unchecked import unchecked_calls

X, MODEL, GOAL = images(6, seed=5), tiny_classifier(3), TargetClass(2, 0.9)
COUNT, RUN = 3, Run(steps=100, batch_size=4)
ROUNDING = 1e-3  # degrees


def several(x: Tensor, run: Run = RUN, count: int = COUNT) -> Counterfactuals:
    with unchecked_calls():
        return search_several(x, MODEL, GOAL, tiny_flow(), run=run, count=count)


@cache
def found() -> Counterfactuals:
    return several(X)


def angles(record: Counterfactuals) -> Tensor:
    """The angle of each pair of an input's changes, NaN if one is not at its target."""

    changes = [
        (part.latent - part.origin).masked_fill(~part.reached[:, None], math.nan)
        for part in alternatives(record)
    ]
    pairs = combinations(changes, 2)

    return torch.stack(
        [torch.cosine_similarity(*pair).arccos().rad2deg() for pair in pairs]
    )


def test_an_inputs_counterfactuals_do_not_depend_on_the_other_inputs() -> None:
    order = torch.tensor([4, 1])
    alone = alternatives(several(X[order], Run(steps=100, batch_size=1)))

    for one, other in zip(alone, alternatives(found()), strict=True):
        assert torch.equal(one.outcome, other.outcome[order])
        torch.testing.assert_close(one.latent, other.latent[order], rtol=0, atol=1e-9)


def test_each_that_is_reached_is_at_the_target_and_apart() -> None:
    record, apart = found(), angles(found())
    reached = record.reached

    assert reached.float().mean() > 0.8
    assert (record.confidence[reached] > 0.9).all()
    torch.testing.assert_close(MODEL(record.counterfactual), record.outputs_after)
    assert (apart[~apart.isnan()] >= ANGLE - ROUNDING).all()
    assert (~apart.isnan()).any(1).all()


def test_the_first_is_that_of_a_search_alone() -> None:
    with unchecked_calls():
        alone = search(X, MODEL, GOAL, tiny_flow(), run=RUN)

    assert torch.equal(alternatives(found())[0].latent, alone.latent)


def test_rows_are_further_apart_the_greater_the_angle() -> None:
    with unchecked_calls():
        first = search(X, MODEL, GOAL, tiny_flow(), run=RUN)
        goals = [Repelled(GOAL, first.latent[:, None], angle) for angle in (5.0, 60.0)]
        near, far = (search(X, MODEL, goal, tiny_flow(), run=RUN) for goal in goals)

    both = near.reached & far.reached
    apart = [(record.latent - first.latent)[both].norm(dim=1) for record in (near, far)]

    assert both.float().mean() > 0.6
    assert apart[1].mean() > 2 * apart[0].mean()


def test_what_did_not_reach_the_target_repels_nothing() -> None:
    with unchecked_calls():
        alone = search(X, MODEL, GOAL, tiny_flow(), run=RUN)
        goal = Repelled(GOAL, torch.stack([alone.origin] * 2, dim=1))
        again = search(X, MODEL, goal, tiny_flow(), run=RUN)

    torch.testing.assert_close(again.latent, alone.latent, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("goal", "run"),
    [
        (AtLeast(0.6), Run(closest=(LatentDistance(),), closest_steps=10)),
        (Near(0.5, within=0.05), Run()),
        (Smoothed(AtLeast(0.6), draws=2, spread=0.1), Run()),
    ],
    ids=["closest", "near", "smoothed"],
)
def test_all_goals_and_the_closest_stay_apart(goal: Objective, run: Run) -> None:
    model, place = tiny_classifier(1), Identity(SHAPE)
    record = search_several(X[:3], model, goal, place, run=run, count=2)
    apart = angles(record)

    assert record.reached.float().mean() > 0.8
    assert (apart[~apart.isnan()] >= ANGLE - ROUNDING).all()


def test_explain_returns_the_rows_of_an_input_together() -> None:
    with unchecked_calls():
        record = explain(X[:2], MODEL, tiny_flow(), objective=GOAL, run=RUN, several=2)

    assert record.statements["input"].tolist() == [0, 0, 1, 1]
    assert record.statements["alternative"].tolist() == [1, 2, 1, 2]
    assert torch.equal(record.factual, X[:2].repeat_interleave(2, 0))
    assert record.objective["name"] == "TargetClass"
    assert (record.counterfactual >= 0).all()


def test_inputs_at_their_target_stay_as_they_are() -> None:
    record = several(X, count=1)
    model = record.counterfactual[record.reached]
    again = several(model, count=2)

    assert set(again.counts()) == {Outcome.ALREADY}
    assert torch.equal(again.latent, again.origin)


def test_an_interrupt_ends_with_the_searches_that_have_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*parts: object) -> Counterfactuals:
        record = search(*parts)  # type: ignore[arg-type]
        record.outcome[1] = Outcome.INTERRUPTED

        return record

    monkeypatch.setattr("diffeo.several.search", interrupted)
    parts = X[:2], tiny_classifier(1), AtLeast(0.6), Identity(SHAPE)

    assert len(search_several(*parts, count=3)) == 2


@pytest.mark.parametrize("angle", [0.0, -1.0, 91.0, math.nan])
def test_an_angle_that_cannot_be_kept_is_refused(angle: float) -> None:
    with pytest.raises(ValueError, match="angle must be above 0 and at most 90"):
        Repelled(GOAL, torch.zeros(1, 1, 2), angle)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((6, 16), r"found must be \(batch, found, latent\), got shape \(6, 16\)"),
        ((6, 1, 5), "found must have 16 coordinates, got 5"),
        ((5, 1, 16), "found must have a row for each of 6 rows, got 5"),
    ],
)
def test_solutions_of_other_rows_are_refused(
    shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        search(X, MODEL, Repelled(GOAL, torch.zeros(shape)), Identity(SHAPE))


def test_no_counterfactual_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="must be at least 1, got 0"):
        explain(X, MODEL, tiny_flow(), target=2, several=0)
