"""Whether a model that a search knew nothing of finds the target too."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import Agreed, AtLeast, AtMost, Near, Objective, TargetClass
from diffeo.search import search
from diffeo.statements.agreement import agreement
from laws import images, tiny_classifier, tiny_flow

X = torch.tensor([[2.0, 0.0], [0.0, 2.0], [1.0, 0.5]])


def found(objective: Objective, *columns: int) -> Counterfactuals:
    return search(X, lambda x: x[:, list(columns)], objective, Identity((2,)))


def told(record: Counterfactuals, *columns: int) -> list[list[bool]]:
    def model(x: Tensor) -> Tensor:
        return x[:, columns[0]] if len(columns) == 1 else 3 * x[:, list(columns)]

    before, after = agreement(record, model)

    return [before.tolist(), after.tolist()]


def test_a_class_is_answered_by_the_greatest_logit() -> None:
    record = found(TargetClass(1, 0.9), 0, 1)

    assert told(record, 0, 1) == [[False, True, False], [True, True, True]]
    assert told(record, 1, 0) == [[True, False, True], [False, False, False]]


def test_a_single_logit_answers_class_one_above_0() -> None:
    record = found(TargetClass(1, 0.9), 0, 1)
    below = agreement(record, lambda x: x[:, :1] - 3)

    assert told(record, 1) == [[False, True, True], [True, True, True]]
    assert not torch.cat(below).any()


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
    before, after = agreement(record, other)

    assert torch.equal(before, other(x).argmax(1) == 2)
    assert after[record.reached].all()


def test_an_unknown_objective_is_refused() -> None:
    record = replace(found(AtLeast(1.0), 0), settings={"objective": {"name": "Mine"}})

    with pytest.raises(ValueError, match="a class or an interval, got Mine"):
        agreement(record, lambda x: x)
