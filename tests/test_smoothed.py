"""An objective averaged over nearby coordinates."""

import gc
import weakref
from functools import partial

import pytest
import torch
from torch import Tensor

from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.identity import Identity
from diffeo.memory import Need
from diffeo.objectives import AtLeast, Near, Objective, Point, Smoothed, TargetClass
from diffeo.objectives.penalized import Penalized
from diffeo.objectives.penalties import SquaredEuclidean
from diffeo.search import Run, plan, search
from diffeo.search.problem import Problem, Rows, select
from diffeo.search.run import Backward
from laws import SHAPE, images, tiny_classifier, tiny_flow

X = images(5, seed=5)
MODEL, FLOW = tiny_classifier(3), tiny_flow()
GOAL = TargetClass(2, confidence=0.9)
BACKWARD: tuple[Backward, Backward] = "plain", "reversible"


def begin(objective: Objective) -> tuple[Problem, Rows]:
    problem = Problem(MODEL, objective, FLOW, NormalizedGradient(0.2))

    return problem, problem.begin(X, FLOW.encode(X), None)


def shifts(draws: int, spread: float, seed: int = 0) -> Tensor:
    """The draws of a `Smoothed` objective in 16 coordinates."""

    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(draws // 2, 16, generator=generator).double()

    return spread * torch.cat((noise, -noise))


def by_hand(z: Tensor, draws: int, spread: float) -> tuple[Tensor, Tensor]:
    """Averages of the score and the margin, one draw after the other."""

    scores, margins = [], []

    for shift in shifts(draws, spread):
        x = FLOW.decode(z + shift)
        point = Point(x, z, MODEL(x), x, z)
        memory = GOAL.start(point)
        scores.append(GOAL.score(point, memory))
        margins.append(GOAL.margin(point, memory))

    return sum(scores) / draws, sum(margins) / draws  # type: ignore[return-value]


@pytest.mark.parametrize(("draws", "spread"), [(2, 0.3), (6, 0.1)])
def test_score_and_margin_are_averages_over_the_draws(
    draws: int, spread: float
) -> None:
    problem, rows = begin(Smoothed(GOAL, draws, spread))
    z = FLOW.encode(images(5, seed=6))
    point = problem.evaluate(z, rows)
    score, margin = by_hand(z, draws, spread)
    _, before = by_hand(rows.origin, draws, spread)

    torch.testing.assert_close(problem.score(point, rows), score)
    torch.testing.assert_close(problem.margin(point, rows), margin)
    torch.testing.assert_close(rows.margin, before)


def test_a_point_that_must_be_at_the_target_itself_has_the_lesser_margin() -> None:
    problem, rows = begin(Smoothed(GOAL, 4, 2.0, itself=True))
    point = problem.evaluate(FLOW.encode(images(5, seed=6)), rows)
    average = Smoothed(GOAL, 4, 2.0).margin(point, rows.memory)
    own = GOAL.margin(point, rows.memory)

    assert 0 < (own < average).sum() < 5
    assert torch.equal(problem.margin(point, rows), torch.minimum(own, average))


def test_the_gradient_is_that_of_the_averaged_score() -> None:
    problem, rows = begin(Smoothed(GOAL, 4, 0.2))
    z = FLOW.encode(images(5, seed=6)).requires_grad_()
    score = problem.score(problem.evaluate(z, rows), rows)
    (found,) = torch.autograd.grad(score.sum(), z)
    (expected,) = torch.autograd.grad(by_hand(z, 4, 0.2)[0].sum(), z)

    torch.testing.assert_close(found, expected)


def test_without_a_spread_nothing_is_smoothed() -> None:
    plain, rows = begin(GOAL)
    smooth, _ = begin(Smoothed(GOAL, spread=0.0))
    point = plain.evaluate(rows.origin + 0.1, rows)

    for name in ("score", "margin"):
        torch.testing.assert_close(
            getattr(smooth, name)(point, rows), getattr(plain, name)(point, rows)
        )


def test_pairs_of_draws_leave_linear_margins_as_they_are() -> None:
    def found(objective: Objective) -> Tensor:
        record = search(X, lambda x: x.flatten(1).sum(1), objective, Identity(SHAPE))

        return record.latent

    goal = AtLeast(15.0)

    torch.testing.assert_close(found(Smoothed(goal, seed=3)), found(goal))


def test_sides_are_those_of_most_draws() -> None:
    place = Identity((2,))
    goal = Smoothed(Near(1.0, within=0.1), draws=2, spread=0.1)
    problem = Problem(lambda x: x[:, 0], goal, place, NormalizedGradient())
    x = torch.tensor([[-2.0, 0.0], [5.0, 0.0]])
    rows = problem.begin(x, x, None)
    side = goal.side(problem.evaluate(x, rows), rows.memory)

    assert side is not None
    assert side.tolist() == [-1, 1]
    assert begin(Smoothed(GOAL))[1].memory
    assert Smoothed(AtLeast(1.0)).side(problem.evaluate(x, rows), ()) is None


@pytest.mark.parametrize("draws", [0, 1, 3])
def test_draws_that_are_no_pairs_are_refused(draws: int) -> None:
    with pytest.raises(ValueError, match=f"even number of at least 2, got {draws}"):
        Smoothed(GOAL, draws)


@pytest.mark.parametrize("spread", [-0.1, float("nan"), float("inf")])
def test_a_spread_that_is_no_length_is_refused(spread: float) -> None:
    with pytest.raises(ValueError, match="spread must be a number of at least 0"):
        Smoothed(GOAL, spread=spread)


def test_points_where_nothing_can_be_decoded_are_refused() -> None:
    x = X.flatten(1)
    point = Point(x, x, x, x, x)

    with pytest.raises(ValueError, match="decode other coordinates for a Smoothed"):
        Smoothed(GOAL).margin(point, GOAL.start(point))


def test_a_target_outside_the_classes_is_refused_inside_too() -> None:
    with pytest.raises(ValueError, match="class from 0 to 2, got 7"):
        search(X, MODEL, Smoothed(TargetClass(7)), FLOW)


def test_each_batch_has_the_targets_of_its_rows_and_the_same_draws() -> None:
    goal = Smoothed(TargetClass((0, 1, 2, 0, 1), 0.5), draws=4, spread=0.1)
    one, two, five = (
        search(X, MODEL, goal, FLOW, run=Run(steps=20, batch_size=size))
        for size in (1, 2, 5)
    )

    assert five.target.tolist() == [0, 1, 2, 0, 1]

    for record in (one, two):
        torch.testing.assert_close(record.latent, five.latent, rtol=0, atol=1e-9)
        torch.testing.assert_close(record.margin, five.margin, rtol=0, atol=1e-9)


def test_no_rows_are_no_trouble() -> None:
    problem, rows = begin(Smoothed(GOAL))
    none = select(rows, torch.arange(0))
    point = problem.evaluate(none.origin, none)

    assert problem.score(point, none).shape == (0,)
    assert problem.margin(point, none).shape == (0,)


def test_score_and_margin_share_the_model_s_answers() -> None:
    calls: list[int] = []

    def model(x: Tensor) -> Tensor:
        calls.append(len(x))
        answer: Tensor = MODEL(x)

        return answer

    _, rows = begin(Smoothed(GOAL, draws=4))
    problem = Problem(model, Smoothed(GOAL, draws=4), FLOW, NormalizedGradient())
    point = problem.evaluate(rows.origin, rows)
    problem.score(point, rows)
    problem.margin(point, rows)

    assert calls == [5, 20]


def test_a_point_is_freed_as_soon_as_nobody_needs_it() -> None:
    problem, rows = begin(Smoothed(Smoothed(GOAL, draws=2), draws=2))
    gc.disable()

    try:
        point = problem.evaluate(rows.origin, rows)
        problem.score(point, rows)
        alive = weakref.ref(point)
        del point

        assert alive() is None
    finally:
        gc.enable()


def test_the_plan_knows_of_the_draws() -> None:
    need = partial(plan._need, z=FLOW.encode(X[:1]).detach())
    plain, many = need(begin(GOAL)[0]), need(begin(Smoothed(GOAL, draws=8))[0])

    assert isinstance(many, Need)
    assert many.kept > 7 * plain.kept
    assert many.widest > plain.widest


def test_both_backward_passes_find_the_same() -> None:
    plain, other = (
        search(X, MODEL, Smoothed(GOAL, draws=2), FLOW, run=Run(5, backward=name))
        for name in BACKWARD
    )

    assert (plain.settings["backward"], other.settings["backward"]) == BACKWARD
    torch.testing.assert_close(plain.latent, other.latent, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    "goal",
    [
        Smoothed(Smoothed(GOAL, draws=2), draws=4, spread=0.1),
        Smoothed(Penalized(GOAL, SquaredEuclidean(), 0.01), draws=4),
        Penalized(Smoothed(GOAL, draws=4), SquaredEuclidean(), 0.01),
    ],
    ids=["smoothed twice", "a penalty inside", "a penalty around"],
)
def test_objectives_nest_either_way(goal: Objective) -> None:
    record = search(X, MODEL, goal, FLOW, run=Run(steps=100))

    assert record.reached.all()
    assert record.confidence.shape == (5,)
