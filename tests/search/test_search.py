"""Laws of the search, over every coordinates × objective × ascent."""

from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from jaxtyping import TypeCheckError
from torch import Tensor, nn

from diffeo.ascents import Adam
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.objectives import TargetClass
from diffeo.search import Run, search
from diffeo.search.problem import Problem
from laws import SearchCase, images, searches, tiny_classifier, tiny_flow
from unchecked import unchecked_calls

RUN = Run(steps=7, batch_size=4, path=True)
X = images(6, seed=5)
CASES = {case.name: case for case in searches()}
FEW, FEW_BEFORE = X[:4], X[:4].clone()
WEIGHTS_BEFORE = {
    name: [value.detach().clone() for value in case.model.parameters()]
    for name, case in CASES.items()
}

every_search = pytest.mark.parametrize("name", CASES)


def run(case: SearchCase, x: Tensor, how: Run = RUN) -> Counterfactuals:
    return search(x, case.model, case.objective, case.coordinates, case.ascent, how)


@cache
def record_of(name: str) -> Counterfactuals:
    """Check the types of every part once, and leave them unchecked beside others."""

    where, what, _ = name.split(" / ")
    checked = where == "identity" or what == "a class"

    with nullcontext() if checked else unchecked_calls():
        return run(CASES[name], FEW)


def assert_same_rows(one: Counterfactuals, other: Counterfactuals) -> None:
    for name in ("counterfactual", "latent", "outputs_after", "margin", "outcome"):
        torch.testing.assert_close(
            getattr(one, name), getattr(other, name), rtol=0, atol=1e-9
        )

    assert torch.equal(one.steps, other.steps)


@every_search
def test_a_row_is_the_same_alone_in_a_batch_and_in_another_order(
    name: str,
) -> None:
    together, order = record_of(name), torch.tensor([2, 0, 3, 1])

    with unchecked_calls():
        last_alone = run(CASES[name], FEW[order], replace(RUN, batch_size=3))

    assert_same_rows(last_alone, together.select(order))


@every_search
def test_the_outcome_describes_what_is_returned(name: str) -> None:
    case, record = CASES[name], record_of(name)
    problem = Problem(case.model, case.objective, case.coordinates, case.ascent)
    rows = problem.begin(record.factual, record.origin, None)
    after = problem.evaluate(record.latent, rows)
    margin = problem.margin(after, rows)

    torch.testing.assert_close(margin, record.margin, rtol=0, atol=1e-9)
    torch.testing.assert_close(after.data, record.counterfactual, rtol=0, atol=1e-9)
    assert torch.equal(record.reached, record.margin >= 0)
    assert not (record.outcome == Outcome.INTERRUPTED).any()


@every_search
def test_a_reached_row_has_gained_margin(name: str) -> None:
    record = record_of(name)
    reached = record.reached

    assert (record.margin[reached] >= 0).all()

    for path, margin in zip(record.paths, record.margin, strict=True):
        assert (path.margin <= margin + 1e-12).all()


@every_search
def test_the_search_changes_nothing_of_the_callers(name: str) -> None:
    model = CASES[name].model
    record_of(name)

    assert torch.equal(FEW, FEW_BEFORE)
    assert not model.training

    for value, before in zip(model.parameters(), WEIGHTS_BEFORE[name], strict=True):
        assert torch.equal(value, before)
        assert value.requires_grad
        assert value.grad is None


@every_search
def test_a_record_saved_and_loaded_is_equal(name: str, tmp_path: Path) -> None:
    record = record_of(name)
    record.save(tmp_path / "record.safetensors")
    loaded = Counterfactuals.load(tmp_path / "record.safetensors")

    assert loaded.settings == record.settings

    for name, value in record.tensors().items():
        torch.testing.assert_close(loaded.tensors()[name], value, rtol=0, atol=0)


@cache
def classify(restarts: int = 0) -> Counterfactuals:
    parts = tiny_classifier(3), TargetClass(2, confidence=0.9), tiny_flow(), Adam(0.05)

    with unchecked_calls():
        return search(X, *parts, Run(steps=200, restarts=restarts))


def test_most_rows_reach_a_class_in_latent_coordinates() -> None:
    assert classify().reached.float().mean() > 0.8


def test_restarts_never_end_further_from_the_origin() -> None:
    one, many = classify(), classify(2)
    length = torch.linalg.vector_norm

    assert (many.reached >= one.reached).all()

    both = one.reached & many.reached
    near = length((many.latent - many.origin)[both], dim=1)
    far = length((one.latent - one.origin)[both], dim=1)

    assert (near <= far).all()


def test_the_tolerance_leaves_confidence_to_spare() -> None:
    parts = tiny_classifier(3), TargetClass(2, confidence=0.9), tiny_flow(), Adam(0.01)

    with unchecked_calls():
        record = search(X, *parts, Run(steps=500))

    searched = record.outcome == Outcome.REACHED

    assert searched.any()
    assert (record.margin[searched] >= 0.02).all()
    assert (record.margin[searched] <= 5 * 0.02).all()


def test_a_row_at_its_target_is_returned_as_it_was() -> None:
    model = tiny_classifier(3)
    answer = model(X).argmax(1)
    target = TargetClass(tuple(answer.tolist()), confidence=0.01)
    record = search(X, model, target, Identity((1, 4, 4)))

    assert (record.outcome == Outcome.ALREADY).all()
    assert (record.steps == 0).all()
    assert torch.equal(record.counterfactual, X)


def test_a_row_that_cannot_reach_runs_out_of_steps() -> None:
    record = search(
        X,
        tiny_classifier(3),
        TargetClass(2, confidence=1 - 1e-12),
        tiny_flow(),
        Adam(1e-6),
        Run(steps=3),
    )

    assert (record.outcome == Outcome.EXHAUSTED).all()
    assert record.counts() == {Outcome.EXHAUSTED: 6}


class Cliff(nn.Module):
    """Not a number once the first pixel passes a half."""

    def forward(self, x: Tensor) -> Tensor:
        value = x.flatten(1).sum(1)

        return torch.where(x.flatten(1)[:, 0] > 0.5, value / 0 - value / 0, value)


def test_values_that_are_not_finite_end_a_row_with_its_best_point() -> None:
    x = torch.full((2, 1, 4, 4), 0.45, dtype=torch.float64)
    objective = TargetClass(1, confidence=1 - 1e-12)
    record = search(x, Cliff().eval(), objective, Identity((1, 4, 4)), Adam(0.01))

    assert (record.outcome == Outcome.NONFINITE).all()
    assert record.counterfactual.isfinite().all()
    assert record.margin.isfinite().all()


class Interrupting(nn.Module):
    """Raise what Ctrl-C raises at a call."""

    def __init__(self, model: nn.Module, call: int) -> None:
        super().__init__()
        self.model = model
        self.calls_left = call

    def forward(self, x: Tensor) -> Tensor:
        self.calls_left -= 1

        if self.calls_left == 0:
            raise KeyboardInterrupt

        answer: Tensor = self.model(x)

        return answer


def test_an_interrupt_returns_what_is_finished() -> None:
    model = tiny_classifier(3)
    objective = TargetClass(2, confidence=0.9)
    how = Run(steps=100, batch_size=2)

    with unchecked_calls():
        whole = search(X, model, objective, tiny_flow(), Adam(0.05), how)

    # Four calls come before the first step, which the first batch then takes some of.
    call = 4 + int(whole.steps[:2].max()) + 8
    interrupting = Interrupting(model, call).eval()

    with unchecked_calls():
        stopped = search(X, interrupting, objective, tiny_flow(), Adam(0.05), how)

    assert len(stopped) == len(X)
    assert stopped.finished[:2].all()
    assert (stopped.outcome == Outcome.INTERRUPTED).any()
    assert_same_rows(stopped.select(slice_rows(2)), whole.select(slice_rows(2)))


def slice_rows(stop: int) -> Tensor:
    return torch.arange(stop)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.ones(4), "x must be"),
        (torch.ones(0, 1, 4, 4), "x must be"),
        (torch.full((2, 1, 4, 4), torch.nan), "x must be finite"),
    ],
)
def test_bad_data_are_refused(x: Tensor, message: str) -> None:
    model = tiny_classifier(3).float()

    with pytest.raises((ValueError, TypeError), match=message):
        search(x, model, TargetClass(0), Identity((1, 4, 4)))


class Answer(nn.Module):
    """Return the same answer for every row."""

    def __init__(self, answer: list[float], rows: int | None = None) -> None:
        super().__init__()
        self.answer = torch.tensor(answer, dtype=torch.float64)
        self.rows = rows

    def forward(self, x: Tensor) -> Tensor:
        return self.answer.expand(self.rows or len(x), -1)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (tiny_classifier(3).train(), "evaluation mode, got training mode"),
        (Answer([0.2, 0.3, 0.5]).eval(), r"Logits\(model\)"),
        (Answer([torch.nan, 1.0]).eval(), "finite outputs"),
        (Answer([1.0, 2.0], rows=1).eval(), "one row for each of 2 inputs"),
    ],
)
def test_models_that_cannot_be_explained_are_refused(
    model: nn.Module, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        search(X, model, TargetClass(0), Identity((1, 4, 4)))


def test_a_target_outside_the_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="class from 0 to 2, got 3"):
        search(X, tiny_classifier(3), TargetClass(3), Identity((1, 4, 4)))


def test_data_outside_the_coordinates_range_are_refused() -> None:
    with pytest.raises(ValueError, match="in the range that the coordinates expect"):
        search(X * 5, tiny_classifier(3), TargetClass(0), tiny_flow())


@pytest.mark.parametrize(
    "setting",
    [
        {"steps": 0},
        {"batch_size": 0},
        {"restarts": -1},
        {"restart_noise": -1.0},
        {"line_search_steps": -1},
    ],
)
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be at least"):
        replace(Run(), **setting)  # type: ignore[arg-type]


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises((ValueError, TypeCheckError), match="precision"):
        Run(precision="half")  # type: ignore[arg-type]


def test_the_same_search_on_modules_that_require_gradients_keeps_none() -> None:
    flow = tiny_flow().requires_grad_()
    whole = search(X, tiny_classifier(3), TargetClass(2, 0.9), flow, Adam(0.05), RUN)
    frozen = search(
        X, tiny_classifier(3), TargetClass(2, 0.9), tiny_flow(), Adam(0.05), RUN
    )

    assert_same_rows(whole, frozen)
    assert not whole.counterfactual.requires_grad
    assert all(value.grad is None for value in flow.parameters())


def test_the_record_states_the_batch_size() -> None:
    model, goal = tiny_classifier(3), TargetClass(2, 0.9)
    fixed = search(X, model, goal, tiny_flow(), Adam(0.05), RUN)
    found = search(
        X, model, goal, tiny_flow(), Adam(0.05), replace(RUN, batch_size="auto")
    )

    assert fixed.batch_size == 4
    assert found.batch_size == 6
    assert_same_rows(fixed, found)
