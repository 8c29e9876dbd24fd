import math

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError
from torch import Tensor, nn

from diffeo.models.classifiers import Logits
from diffeo.objectives import (
    AtLeast,
    AtMost,
    Between,
    Near,
    Point,
    TargetClass,
    confidence_of,
    log_odds,
)

LOGITS = torch.tensor(
    [[2.0, 1.0, -1.0], [0.0, 3.0, 2.5], [-2.0, -2.0, 5.0]], dtype=torch.float64
)


def point(outputs: Tensor) -> Point:
    data = torch.zeros(len(outputs), 2, dtype=outputs.dtype)

    return Point(data, data, outputs, data, data)


def margin(objective: TargetClass | Between, outputs: Tensor) -> Tensor:
    here = point(outputs)

    return objective.margin(here, objective.start(here))


def test_log_odds_are_those_of_the_softmax() -> None:
    target = torch.tensor([0, 1, 0])
    probability = LOGITS.softmax(1).gather(1, target[:, None])[:, 0]

    torch.testing.assert_close(log_odds(LOGITS, target), torch.logit(probability))
    torch.testing.assert_close(confidence_of(LOGITS, target), probability)


def test_log_odds_do_not_saturate() -> None:
    outputs = torch.tensor([[60.0, -60.0], [-60.0, 60.0]])

    torch.testing.assert_close(
        log_odds(outputs, torch.tensor([0, 0])), torch.tensor([120.0, -120.0])
    )


@pytest.mark.parametrize("confidence", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("target", [0, 1, 2, (2, 1, 0)])
def test_the_margin_of_a_class_is_positive_just_where_it_wins_with_confidence(
    target: int | tuple[int, ...], confidence: float
) -> None:
    index = torch.tensor(target if isinstance(target, tuple) else (target,) * 3)
    probability = LOGITS.softmax(1)
    own = probability.gather(1, index[:, None])[:, 0]
    won = (probability.argmax(1) == index) & (own > confidence)

    assert torch.equal(margin(TargetClass(target, confidence), LOGITS) > 0, won)


def test_any_other_class_means_any_but_the_models_own_answer() -> None:
    objective = TargetClass("other", confidence=0.5)
    memory = objective.start(point(LOGITS))
    moved = torch.tensor(
        [[9.0, 0.0, 0.0], [0.0, 1.0, 9.0], [9.0, 0.0, 1.0]], dtype=torch.float64
    )
    after = objective.margin(point(moved), memory)

    assert (after >= 0).tolist() == [False, True, True]
    assert objective.aim(point(moved), memory).tolist() == [1.0, 2.0, 0.0]


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_a_single_logit_is_class_one_against_class_zero(shape: tuple[int, ...]) -> None:
    logit = torch.tensor([-4.0, -0.1, 0.1, 4.0], dtype=torch.float64).reshape(shape)
    needed = math.log(0.9 / 0.1)

    for target, sign in ((1, 1.0), (0, -1.0)):
        found = margin(TargetClass(target, confidence=0.9), logit)
        odds = sign * logit.reshape(-1)
        torch.testing.assert_close(found, torch.minimum(odds - needed, odds))


def test_regression_margins_are_distances_to_the_target() -> None:
    values = torch.tensor([[-1.0], [0.2], [2.0]])

    assert margin(AtLeast(0.5), values).tolist() == pytest.approx([-1.5, -0.3, 1.5])
    assert margin(AtMost(0.5), values).tolist() == pytest.approx([1.5, 0.3, -1.5])
    assert margin(Near(0.5, within=0.5), values).tolist() == pytest.approx(
        [-1.0, 0.2, -1.0]
    )


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_confidence_outside_0_and_1_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence must be between 0 and 1"):
        TargetClass(0, confidence)


@pytest.mark.parametrize(
    ("target", "message"),
    [(3, "from 0 to 2, got 3"), (-1, "got -1"), ((0, 1), "each of the 3 rows, got 2")],
)
def test_targets_that_do_not_exist_are_refused(
    target: int | tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        TargetClass(target).check(LOGITS, 3)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_probabilities_are_refused_with_the_way_out(rows: int) -> None:
    outputs = LOGITS.softmax(1)[:rows]

    with pytest.raises(ValueError, match=r"Logits\(model\).*logits=True"):
        TargetClass(0).check(outputs, 3)

    TargetClass(0, logits=True).check(outputs, 3)


@pytest.mark.parametrize("rows", [1, 9])
def test_single_outputs_between_0_and_1_are_doubted(rows: int) -> None:
    outputs = torch.linspace(0, 1, 9)[:rows, None]

    with pytest.warns(UserWarning, match=r"Logits\(model\).*logits=True"):
        TargetClass(0).check(outputs, rows)

    TargetClass(0, logits=True).check(outputs, rows)
    TargetClass(0).check(outputs * 20 - 10, rows)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_have_log_odds(dtype: torch.dtype) -> None:
    target = torch.tensor([0, 1, 0])
    expected = log_odds(LOGITS, target)
    objective = TargetClass((0, 1, 0), 0.9)
    found = log_odds(LOGITS.to(dtype), target)

    torch.testing.assert_close(found.double(), expected, rtol=0.03, atol=0.03)
    assert margin(objective, LOGITS.to(dtype)).dtype == dtype


def wanted(target: object) -> object:
    """The target of an objective, told as a user tells it."""

    return TargetClass(target).target  # type: ignore[arg-type]


@pytest.mark.parametrize("one", [9, np.int64(9), torch.tensor(9), np.uint8(9)])
def test_a_target_may_be_any_whole_number(one: object) -> None:
    assert wanted(one) == 9
    assert isinstance(wanted(one), int)


@pytest.mark.parametrize(
    "several", [[1, 2], (1, np.int64(2)), torch.tensor([1, 2]), np.array([1, 2])]
)
def test_targets_may_come_from_any_library(several: object) -> None:
    assert wanted(several) == (1, 2)


@pytest.mark.parametrize("target", ["nine", 1.5, [1.5], torch.tensor([0.5, 1.0])])
def test_targets_that_are_no_numbers_are_refused(target: object) -> None:
    with pytest.raises((ValueError, TypeCheckError), match="target"):
        wanted(target)


def test_each_batch_has_the_targets_of_its_rows() -> None:
    assert TargetClass((2, 1, 0)).rows(slice(1, 3)).target == (1, 0)
    assert TargetClass("other").rows(slice(1, 3)).target == "other"


@pytest.mark.parametrize(
    ("objective", "values", "expected"),
    [
        (AtLeast(0.5), [0.2, -1.5, 2.5], [0.003, 0.005, 0.005]),
        (AtMost(0.01), [5.0, 0.02, 0.005], [1e-4, 1e-4, 5e-5]),
        (AtLeast(0.0), [-3.0, -0.2, 2.0], [0.03, 0.002, 0.02]),
        (Near(1.0, within=0.01), [5.0, 0.9, 1.0], [2e-3, 9e-4, 1e-4]),
    ],
)
@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_a_tolerance_is_a_hundredth_of_a_length_in_the_models_unit(
    objective: Between, values: list[float], expected: list[float], unit: float
) -> None:
    low, high = objective.low * unit, objective.high * unit
    here = point(torch.tensor(values, dtype=torch.float64) * unit)
    found = Between(low, high).tolerance(here, ())

    torch.testing.assert_close(found / unit, torch.tensor(expected).double())


@pytest.mark.parametrize(
    ("low", "high"),
    [(-math.inf, math.inf), (1.0, 1.0), (2.0, 1.0), (math.nan, 1.0)],
)
def test_an_interval_without_an_inside_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="low must be below high"):
        Between(low, high)


def test_an_interval_tells_its_sides_and_what_it_aims_at() -> None:
    here = point(torch.tensor([-1.0, 0.45, 2.0]))

    side = Near(0.5, within=0.1).side(here, ())
    assert side is not None
    assert side.tolist() == [-1, -1, 1]
    assert AtLeast(0.5).side(here, ()) is None
    assert Near(0.5, within=0.1).aim(here, ()).tolist() == [0.5] * 3
    assert AtMost(0.3).aim(here, ()).tolist() == pytest.approx([0.3] * 3)


def test_outputs_of_a_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(batch, classes\)"):
        TargetClass(0).start(point(torch.zeros(2, 3, 4)))

    with pytest.raises(ValueError, match="one value a row"):
        AtLeast(1.0).start(point(torch.zeros(2, 3)))


def test_a_near_target_has_a_width() -> None:
    with pytest.raises(ValueError, match="within must be above 0"):
        Near(1.0, within=0.0)


class Probabilities(nn.Module):
    def __init__(self, single: bool) -> None:  # noqa: FBT001
        super().__init__()
        self.single = single

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(x[:, :1]) if self.single else x.softmax(1)


@pytest.mark.parametrize("single", [True, False])
def test_logits_of_probabilities_give_the_probabilities_back(single: bool) -> None:  # noqa: FBT001
    model = Logits(Probabilities(single).eval())
    odds = torch.logit(Probabilities(single)(LOGITS))
    expected = odds[:, 0] if single else log_odds(LOGITS, torch.tensor([0, 0, 0]))
    found = model(LOGITS)
    chosen = found[:, 0] if single else log_odds(found, torch.tensor([0, 0, 0]))

    torch.testing.assert_close(chosen, expected, rtol=1e-5, atol=1e-5)
    assert not model.training


@pytest.mark.parametrize("single", [True, False])
def test_what_are_no_probabilities_have_no_logits(single: bool) -> None:  # noqa: FBT001
    outputs = torch.tensor([[0.2, 0.8], [1.0 + 1e-6, 0.0], [-2.0, 3.0]])
    found = Logits(nn.Identity(), floor=0.01)(outputs[:, :1] if single else outputs)

    assert found.isfinite().all(1).tolist() == [True, True, False]
