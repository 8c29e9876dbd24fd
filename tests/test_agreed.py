"""An objective that several models are to meet."""

import gc
import weakref

import pytest
import torch
from jaxtyping import TypeCheckError
from torch import Tensor, nn

from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Outcome
from diffeo.objectives import Agreed, AtLeast, Near, Objective, Smoothed, TargetClass
from diffeo.objectives.agreed import Needed
from diffeo.objectives.penalized import Penalized
from diffeo.objectives.penalties import SquaredEuclidean
from diffeo.search import Run, search
from diffeo.search.problem import Problem, Rows, select
from diffeo.shapes import Model
from laws import SHAPE, images, tiny_classifier, tiny_flow

X = images(5, seed=5)
FLOW, GOAL = tiny_flow(), TargetClass(2, confidence=0.6)
MODEL, *OTHERS = MODELS = [tiny_classifier(3, seed=seed) for seed in (3, 6, 8)]


def begin(objective: Objective) -> tuple[Problem, Rows]:
    problem = Problem(MODEL, objective, FLOW, NormalizedGradient(0.2))

    return problem, problem.begin(X, FLOW.encode(X), None)


def margins(x: Tensor, goal: Objective = GOAL) -> Tensor:
    """The margins of all models, one after the other."""

    found = []

    for model in MODELS:
        problem = Problem(model, goal, Identity(SHAPE), NormalizedGradient())
        found.append(problem.begin(x, x.flatten(1), None).margin.detach())

    return torch.stack(found)


@pytest.mark.parametrize(
    ("needed", "place"), [("all", 0), ("most", 1), ("any", 2), (1, 2), (2, 1), (3, 0)]
)
def test_the_margin_is_that_of_the_last_model_needed(
    needed: Needed, place: int
) -> None:
    problem, rows = begin(Agreed(GOAL, OTHERS, needed=needed))
    point = problem.evaluate(FLOW.encode(images(5, seed=6)), rows)
    expected = margins(point.data).sort(0).values[place]

    torch.testing.assert_close(problem.margin(point, rows), expected)
    torch.testing.assert_close(rows.margin, margins(X).sort(0).values[place])


def test_the_score_weighs_what_each_model_misses() -> None:
    x = torch.zeros(1, 2, dtype=torch.float64)
    others = [lambda x: x[:, 1] - 1, lambda x: 0 * x[:, 0] + 5]
    goal = Agreed(AtLeast(2.0), others)
    problem = Problem(lambda x: x[:, 0], goal, Identity((2,)), NormalizedGradient())
    rows = problem.begin(x, x, None)
    z = x.clone().requires_grad_()
    score = problem.score(problem.evaluate(z, rows), rows)
    (gradient,) = torch.autograd.grad(score.sum(), z)

    torch.testing.assert_close(gradient, torch.tensor([[0.4, 0.6]]).double())
    torch.testing.assert_close(score, torch.tensor([-0.4 * 2 - 0.6 * 3]).double())

    there = problem.evaluate(x + 4, rows)
    torch.testing.assert_close(
        problem.score(there, rows), torch.tensor([(2.0 + 1.0 + 3.0) / 3]).double()
    )


@pytest.mark.parametrize(("needed", "count"), [("all", 3), ("most", 2), ("any", 1)])
def test_as_many_models_as_needed_end_at_the_target(needed: Needed, count: int) -> None:
    goal = Agreed(GOAL, OTHERS, needed=needed)
    record = search(X, MODEL, goal, FLOW, run=Run(steps=200))
    there = (margins(record.counterfactual) >= 0).sum(0)

    assert record.reached.all()
    assert (there >= count).all()
    torch.testing.assert_close(
        record.outputs_after, MODEL(record.counterfactual).detach()
    )


def test_a_row_at_the_target_of_the_first_model_alone_is_searched() -> None:
    answer = tuple(MODEL(X).argmax(1).tolist())
    record = search(
        X, MODEL, Agreed(TargetClass(answer, 0.4), OTHERS), FLOW, run=Run(steps=100)
    )
    agreed = (margins(X, TargetClass(answer, 0.4)) >= 0).all(0)

    assert not agreed.all()
    assert torch.equal(record.outcome == Outcome.ALREADY, agreed)


def test_each_batch_has_the_targets_of_its_rows() -> None:
    goal = Agreed(TargetClass((0, 1, 2, 0, 1), 0.5), OTHERS)
    one, five = (
        search(X, MODEL, goal, FLOW, run=Run(steps=20, batch_size=size))
        for size in (1, 5)
    )

    assert five.target.tolist() == [0, 1, 2, 0, 1]
    torch.testing.assert_close(one.latent, five.latent, rtol=0, atol=1e-9)
    torch.testing.assert_close(one.margin, five.margin, rtol=0, atol=1e-9)


def test_values_of_several_regressors_come_into_an_interval() -> None:
    first, other = tiny_classifier(1), tiny_classifier(1, seed=6)
    goal = Agreed(Near(0.1, within=0.05), [other])
    record = search(X, first, goal, FLOW, run=Run(steps=200))
    values = torch.cat([model(record.counterfactual) for model in (first, other)], 1)

    assert record.reached.all()
    assert ((values - 0.1).abs() <= 0.05).all()


def test_no_gradient_goes_into_any_model() -> None:
    model = tiny_classifier(3, seed=6)
    problem, rows = begin(Agreed(GOAL, [model]))
    point = problem.evaluate(rows.origin, rows)
    problem.score(point, rows)
    (key,) = point._known
    seen = point._known[key]

    assert all(value.requires_grad for value in model.parameters())
    assert not seen.outputs.requires_grad


def test_no_rows_are_no_trouble() -> None:
    problem, rows = begin(Agreed(GOAL, OTHERS))
    none = select(rows, torch.arange(0))
    point = problem.evaluate(none.origin, none)

    assert problem.score(point, none).shape == (0,)
    assert problem.margin(point, none).shape == (0,)


def test_score_and_margin_share_the_models_answers() -> None:
    calls: list[int] = []

    def other(x: Tensor) -> Tensor:
        calls.append(len(x))
        answer: Tensor = OTHERS[0](x)

        return answer

    problem, rows = begin(Agreed(GOAL, [other]))
    calls.clear()
    point = problem.evaluate(rows.origin, rows)
    problem.score(point, rows)
    problem.margin(point, rows)

    assert calls == [5]


def test_a_point_is_freed_as_soon_as_nobody_needs_it() -> None:
    problem, rows = begin(Agreed(Smoothed(GOAL, draws=2), OTHERS))
    gc.disable()

    try:
        point = problem.evaluate(rows.origin, rows)
        problem.score(point, rows)
        alive = weakref.ref(point)
        del point

        assert alive() is None
    finally:
        gc.enable()


def failing(x: Tensor) -> Tensor:
    raise RuntimeError(f"no layer for {x.ndim} axes")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (tiny_classifier(3).train(), r"models\[1\] must be in evaluation mode"),
        (
            tiny_classifier(2),
            r"models\[1\] must return .* shape, \(\d, 3\), got \(\d, 2",
        ),
        (nn.Sequential(MODEL, nn.Softmax(1)).eval(), r"models\[1\].*Logits\(model\)"),
        (failing, r"models\[1\] failed on .* RuntimeError: no layer"),
        (lambda x: MODEL(x) + len(x), r"models\[1\].*the same outputs for a row"),
        (lambda x: MODEL(x) * torch.nan, r"models\[1\].*finite outputs"),
    ],
)
def test_models_that_cannot_be_asked_are_refused(model: Model, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        search(X, MODEL, Agreed(GOAL, [OTHERS[0], model]), FLOW)


@pytest.mark.parametrize("needed", [0, 4, "some"])
def test_a_number_of_models_that_there_is_not_is_refused(needed: object) -> None:
    with pytest.raises((ValueError, TypeCheckError), match="needed"):
        Agreed(GOAL, OTHERS, needed=needed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "goal",
    [
        Agreed(Smoothed(GOAL, draws=2, spread=0.1), OTHERS),
        Smoothed(Agreed(GOAL, OTHERS), draws=2, spread=0.1),
        Agreed(Penalized(GOAL, SquaredEuclidean(), 0.01), OTHERS),
        Penalized(Agreed(GOAL, OTHERS), SquaredEuclidean(), 0.01),
        Agreed(Agreed(GOAL, OTHERS[:1]), OTHERS[1:], needed="any"),
    ],
    ids=["smoothed", "around smoothed", "penalized", "around penalized", "twice"],
)
def test_objectives_nest_either_way(goal: Objective) -> None:
    record = search(X, MODEL, goal, FLOW, run=Run(steps=200))

    assert record.reached.all()
    assert record.confidence.shape == (5,)


def test_the_record_tells_of_the_models() -> None:
    record = search(X, MODEL, Agreed(GOAL, OTHERS), FLOW, run=Run(steps=1))

    assert record.settings["objective"] == {
        "name": "Agreed",
        "objective": {"name": "TargetClass", "target": 2, "confidence": 0.6},
        "models": [{"name": "Sequential"}, {"name": "Sequential"}],
        "needed": "all",
    }
