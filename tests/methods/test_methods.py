import dataclasses

import pytest
import torch

from diffeo.counterfactuals import Counterfactuals, Outcome, Typicality
from diffeo.methods import Method
from diffeo.objectives import Point, TargetClass
from diffeo.search import Run
from laws import images, methods, tiny_classifier, tiny_flow
from unchecked import unchecked_calls

MODEL, FLOW = tiny_classifier(3), tiny_flow()
METHODS = methods(MODEL, FLOW)
RUN = Run(steps=150, batch_size=4)
X = images(6, seed=2)
BENT = "revise", "prototypes"
"""Methods that pay for absolute changes: where there are none yet, rounding decides
which way these bend."""


def explain(
    method: Method,
    x: torch.Tensor = X,
    *,
    target: int = 1,
    confidence: float = 0.7,
    run: Run = RUN,
) -> Counterfactuals:
    return method.explain(x, MODEL, FLOW, TargetClass(target, confidence), run)


@pytest.fixture(params=list(METHODS.values()), ids=list(METHODS), scope="module")
def method(request: pytest.FixtureRequest) -> Method:
    """Every method."""

    found: Method = request.param

    return found


@pytest.fixture(scope="module")
def record(method: Method) -> Counterfactuals:
    """What a method makes of six images."""

    return explain(method)


def test_a_method_is_one(method: Method) -> None:
    assert isinstance(method, Method)


def test_most_rows_reach_their_target(record: Counterfactuals) -> None:
    assert record.reached.sum() >= 4
    assert (record.outcome == Outcome.REACHED).any()


def test_the_margin_is_that_of_what_is_returned(record: Counterfactuals) -> None:
    objective = TargetClass(1, 0.7)
    factual, origin = record.factual, record.origin
    start = Point(factual, origin, MODEL(factual), factual, origin)
    x = record.counterfactual
    margin = objective.margin(
        Point(x, record.latent, MODEL(x), factual, origin), objective.start(start)
    )

    torch.testing.assert_close(record.margin, margin, rtol=0, atol=1e-9)
    assert torch.equal(record.reached, record.margin >= 0)


def test_the_record_is_complete(record: Counterfactuals) -> None:
    fields = {field.name for field in dataclasses.fields(Counterfactuals)}

    others = {"batch_size", "names", "paths", "settings", "statements"}
    stated = {f"statement_{name}" for name in record.statements}
    assert fields | stated == set(record.tensors()) | others
    assert torch.equal(record.factual, X)
    assert record.target.tolist() == [1] * len(X)
    assert {"objective", "coordinates", "run", "model"} <= set(record.settings)
    assert (record.typical == Typicality.UNKNOWN).all()
    torch.testing.assert_close(record.outputs_before, MODEL(X))

    for name, value in record.tensors().items():
        assert len(value) == len(X), name
        assert name.startswith("path") or value.isfinite().all(), name


def test_counterfactuals_stay_images(record: Counterfactuals) -> None:
    assert record.counterfactual.min() >= 0
    assert record.counterfactual.max() <= 1


def test_rows_are_independent(
    method: Method, record: Counterfactuals, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id

    with unchecked_calls():
        alone = explain(method, X[4:5], run=dataclasses.replace(RUN, batch_size=1))

    for field in ("counterfactual", "latent", "margin"):
        torch.testing.assert_close(
            getattr(alone, field),
            getattr(record, field)[4:5],
            rtol=0,
            atol=1e-2 if name in BENT else 1e-9,
        )

    assert alone.steps[0] == record.steps[4]


def test_a_seed_gives_the_same_again(method: Method, record: Counterfactuals) -> None:
    with unchecked_calls():
        again = explain(method)

    assert torch.equal(again.counterfactual, record.counterfactual)
    assert torch.equal(again.steps, record.steps)


def test_a_row_at_its_target_stays(method: Method) -> None:
    at_target = MODEL(FLOW.decode(FLOW.encode(X[:1]))).argmax(1)
    found = explain(method, X[:1], target=int(at_target), confidence=0.01)

    assert found.outcome.tolist() == [Outcome.ALREADY]
    torch.testing.assert_close(found.counterfactual, found.reconstruction)
    assert found.steps.tolist() == [0]


def test_the_path_ends_at_the_counterfactual(method: Method) -> None:
    found = explain(method, X[:2], run=dataclasses.replace(RUN, path=True))

    for row, path in enumerate(found.paths):
        assert len(path.latent) == len(path.margin) > 1
        nearest = (path.latent - found.latent[row]).norm(dim=1).min()
        assert nearest <= 1e-9


def test_a_target_outside_the_classes_is_refused(method: Method) -> None:
    with pytest.raises(ValueError, match="class from 0 to 2, got 3"):
        explain(method, target=3)


def test_a_model_in_training_mode_is_refused(method: Method) -> None:
    model = tiny_classifier(3).train()

    with pytest.raises(ValueError, match="evaluation mode"):
        method.explain(X, model, FLOW, TargetClass(1, 0.7), RUN)
