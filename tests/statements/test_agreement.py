"""Whether a model that a search knew nothing of finds the target too."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import (
    Agreed,
    AtLeast,
    AtMost,
    Between,
    Near,
    Objective,
    TargetClass,
)
from diffeo.search import search
from diffeo.shapes import Model
from diffeo.statements.agreement import agreement
from laws import images, tiny_classifier, tiny_flow

WHEN = "before", "after"
X = torch.tensor([[2.0, 0.0], [0.0, 2.0], [1.0, 0.5]])


def found(objective: Objective, *columns: int) -> Counterfactuals:
    return search(X, lambda x: x[:, list(columns)], objective, Identity((2,)))


def told(record: Counterfactuals, *columns: int) -> list[list[bool]]:
    def model(x: Tensor) -> Tensor:
        return x[:, columns[0]] if len(columns) == 1 else 3 * x[:, list(columns)]

    stated = agreement(record, model).statements

    return [(stated[f"agreement_{when}"] == 1).tolist() for when in WHEN]


def test_a_class_is_answered_by_the_greatest_logit() -> None:
    record = found(TargetClass(1, 0.9), 0, 1)

    assert told(record, 0, 1) == [[False, True, False], [True, True, True]]
    assert told(record, 1, 0) == [[True, False, True], [False, False, False]]


def test_a_single_logit_answers_class_one_above_0() -> None:
    record = found(TargetClass(1, 0.9), 0, 1)
    below = agreement(record, lambda x: x[:, :1] - 3).statements

    assert told(record, 1) == [[False, True, True], [True, True, True]]
    assert not torch.cat([*below.values()]).any()


@pytest.mark.parametrize(
    ("objective", "before"),
    [
        (AtLeast(1.0), [True, False, True]),
        (AtMost(1.0), [False, True, True]),
        (Near(0.5, within=0.5), [False, True, True]),
    ],
)
def test_a_value_is_answered_inside_the_interval(
    objective: Objective, before: list[bool]
) -> None:
    assert told(found(objective, 0), 0) == [before, [True, True, True]]


def test_each_row_has_a_target_of_its_own() -> None:
    record = found(TargetClass((1, 1, 0), 0.9), 0, 1)

    assert told(record, 0, 1) == [[False, True, True], [True, True, True]]


def test_models_held_out_of_an_agreed_search_are_asked() -> None:
    x, first, other = images(6), tiny_classifier(3), tiny_classifier(3, seed=6)
    record = search(x, first, Agreed(TargetClass(2, 0.6), [other]), tiny_flow())
    stated = agreement(record, other).statements

    assert torch.equal(stated["agreement_before"] == 1, other(x).argmax(1) == 2)
    assert stated["agreement_after"][record.reached].all()


def test_an_unknown_objective_is_refused() -> None:
    record = replace(found(AtLeast(1.0), 0), settings={"objective": {"name": "Mine"}})

    with pytest.raises(ValueError, match="a class or an interval, got Mine"):
        agreement(record, lambda x: x[:, 0])


def test_the_values_of_a_judge_stand_beside_those_of_the_model() -> None:
    record = found(AtLeast(1.0), 0)
    stated = agreement(record, lambda x: x.sum(1, keepdim=True)).statements

    assert stated["judge_value_before"].tolist() == [2.0, 2.0, 1.5]
    assert torch.equal(stated["judge_value_after"], record.counterfactual.sum(1))
    assert set(agreement(found(TargetClass(1), 0, 1), lambda x: x).statements) == {
        "agreement_before",
        "agreement_after",
    }


def test_the_agreement_on_a_row_depends_on_no_other_row() -> None:
    x, judge = images(6), tiny_classifier(3, seed=6)
    record = search(x, tiny_classifier(3), TargetClass(2, 0.6), tiny_flow())
    whole = agreement(record, judge).statements
    rows = torch.tensor([4, 1])
    part = agreement(replace(record.select(rows), batch_size=1), judge).statements

    for name, values in whole.items():
        assert torch.equal(part[name], values[rows])


def test_other_statements_stay() -> None:
    record = replace(found(AtLeast(1.0), 0), statements={"rank": torch.ones(3)})

    assert agreement(record, lambda x: x[:, 0]).statements["rank"].tolist() == [1, 1, 1]


def test_where_a_judge_answers_nothing_finite_is_not_known() -> None:
    record = found(AtLeast(1.0), 0)
    stated = agreement(record, lambda x: x[:, 0] / (x[:, 1] < 2)).statements

    assert stated["agreement_before"].isnan().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("objective", "judge", "message"),
    [
        (TargetClass(1), lambda x: x.repeat(1, 2), "with 2 classes, got 4"),
        (AtLeast(1.0), lambda x: x, "with 1 values, got 2"),
        (TargetClass(1), nn.Linear(2, 2).train(), "the judge must be in evaluation"),
        (TargetClass(1), lambda x: x @ x, "the judge failed on"),
        (TargetClass(1), lambda x: x * torch.nan, "the judge: .* finite outputs"),
    ],
)
def test_a_judge_that_cannot_be_asked_is_refused(
    objective: Objective, judge: Model, message: str
) -> None:
    record = found(objective, *((0,) if isinstance(objective, Between) else (0, 1)))

    with pytest.raises(ValueError, match=message):
        agreement(record, judge)


def test_a_single_probability_is_told_to_be_no_logit() -> None:
    with pytest.warns(UserWarning, match="got single outputs in"):
        agreement(found(TargetClass(1), 0, 1), lambda x: x[:, :1].sigmoid())
