"""Whatever users hand in leads to the right result or to one sentence."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

import diffeo
from diffeo import Identity, Run, TargetClass, explain, search
from diffeo.answers import ask
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.objectives import AtLeast
from diffeo.search import search_batches
from diffeo.search.checks import check_data, check_parts
from laws import autoencoder, images, tiny_classifier, tiny_flow

SHAPE = (1, 4, 4)
X = images(5, seed=3).float()
MODEL = tiny_classifier(3).float()
PLACE = Identity(SHAPE)
GOAL = TargetClass(2, 0.9)
RUN = Run(steps=20)


def found(model: Any, x: Tensor = X) -> Counterfactuals:  # noqa: ANN401
    return search(x, model, GOAL, PLACE, run=RUN)


PLAIN = found(MODEL)


@dataclass
class Gives:
    """A model that returns what another makes of the logits."""

    rule: Callable[[Tensor], object]

    def __call__(self, x: Tensor) -> Any:  # noqa: ANN401
        return self.rule(MODEL(x))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda y: {"logits": y}, "the model must return one tensor .* got dict"),
        (lambda y: (y, y), "the model must return one tensor .* got tuple"),
        (lambda y: y.detach().numpy(), "must return one tensor .* got ndarray"),
        (lambda y: y.argmax(1), "must return one tensor .* got torch.int64"),
        (lambda y: y.to(torch.complex64), "real numbers, got torch.complex64"),
        (lambda y: y.sum(), r"one row for each of 2 inputs, got \(\)"),
        (lambda y: y[:, :, None], r"logits of shape \(batch, classes\), .* got \(2, 3"),
        (lambda y: y.to("meta"), "must return a tensor on cpu, .* on meta"),
        (lambda y: y.detach(), "the model must be differentiable .* no_grad"),
        (lambda y: torch.zeros_like(y, requires_grad=True), "must be differentiable"),
        (lambda y: torch.randn_like(y) * 9 + y, "same outputs for a row whenever"),
        (lambda y: y - y.mean(0) * len(y), "whatever the other rows are"),
        (lambda y: y * torch.nan, "must return finite outputs"),
    ],
)
def test_models_that_return_something_else_are_told_so(
    rule: Callable[[Tensor], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        found(Gives(rule))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_logits_of_another_precision_are_taken(dtype: torch.dtype) -> None:
    record = found(Gives(lambda y: y.to(dtype)))

    assert record.reached.all()
    assert record.outputs_after.dtype == X.dtype
    assert (record.steps - PLAIN.steps).abs().max() <= 2


def test_errors_of_the_models_own_keep_their_traceback() -> None:
    def model(_: Tensor) -> Tensor:
        raise KeyError("my own bug")

    with pytest.raises(
        ValueError, match=r"the model failed on torch.float32 of shape \(2, 1, 4, 4\)"
    ) as caught:
        found(model)

    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize(
    ("model", "x", "message"),
    [
        (MODEL, X.double(), "the model failed on torch.float64"),
        (tiny_classifier(3), X, "the model failed on torch.float32"),
        (nn.Conv2d(3, 2, 3).eval(), X, "the model failed on .* 3 channels"),
        (MODEL, X.to("meta"), "the model failed on .* on meta|Tensor.item"),
    ],
)
def test_models_of_other_data_are_told_what_they_were_given(
    model: nn.Module, x: Tensor, message: str
) -> None:
    with pytest.raises((ValueError, RuntimeError), match=message):
        found(model, x)


class InPlace(nn.Module):
    """A model that normalizes its input where it lies."""

    def forward(self, x: Tensor) -> Tensor:
        x *= 2
        x -= 0.5
        answer: Tensor = MODEL(x)

        return answer


@pytest.mark.parametrize("place", [PLACE, tiny_flow().float()], ids=["data", "flow"])
def test_a_model_may_work_in_place(place: Coordinates) -> None:
    x = X.clone()
    record = search(x, InPlace().eval(), GOAL, place, run=RUN)

    assert torch.equal(x, X)
    assert torch.equal(record.factual, X)
    torch.testing.assert_close(
        InPlace()(record.counterfactual.clone()), record.outputs_after
    )


@pytest.mark.parametrize(
    "part",
    [
        tiny_flow().float().train(),
        diffeo.Bounded(autoencoder().float().train()),
    ],
    ids=["flow", "wrapped"],
)
def test_coordinates_in_training_mode_are_refused(part: Coordinates) -> None:
    with pytest.raises(
        ValueError, match="the coordinates must be in evaluation mode, got training"
    ):
        search(X, MODEL, GOAL, part)


@dataclass
class Two:
    """Coordinates made of two functions."""

    encoder: Callable[[Tensor], Any]
    decoder: Callable[[Tensor], Any] = lambda z: z.reshape(-1, *SHAPE)

    def encode(self, x: Tensor) -> Any:  # noqa: ANN401
        return self.encoder(x)

    def decode(self, z: Tensor) -> Any:  # noqa: ANN401
        return self.decoder(z)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (Two(lambda x: (x, x)), "coordinates.encode must return one tensor .* tuple"),
        (Two(lambda x: x), r"encode must return \(batch, latent\), got \(2, 1, 4, 4\)"),
        (Two(lambda x: x.flatten(1)[:1]), "coordinates.encode must return one row for"),
        (
            Two(lambda x: x.flatten(1), lambda z: z),
            r"decode must return data of the shape that was encoded, .* \(5, 16\)",
        ),
        (
            Two(lambda x: x.flatten(1), lambda z: z.detach().reshape(-1, *SHAPE)),
            "coordinates.decode must be differentiable",
        ),
    ],
)
def test_coordinates_that_return_something_else_are_told_so(
    place: Coordinates, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        search(X, MODEL, GOAL, place)


def test_parts_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="coordinates must offer encode and decode"):
        check_parts(coordinates="mnist-flow")

    with pytest.raises(ValueError, match="model must be a function or module"):
        check_parts(model=3)

    with pytest.raises(ValueError, match="objective must offer start, score, margin, "):
        check_parts(objective=lambda x: x)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[0.0, 1.0]], "x must be a tensor of floating point numbers, got list"),
        (
            torch.zeros(2, 3, dtype=torch.uint8),
            "floating point numbers, got torch.uint8",
        ),
        (torch.zeros(0, 3), r"at least one row, got \(0, 3\)"),
        (torch.zeros(2, 0), r"at least one row, got \(2, 0\)"),
        (torch.zeros(3), r"x must be \(batch, ...\)"),
        (torch.full((2, 2), torch.inf), "x must be finite"),
    ],
)
def test_data_that_are_none_are_refused(x: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_data(x)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_search_takes_gradients_where_its_caller_has_switched_them_off(
    mode: Callable[[], Any],
) -> None:
    flow = tiny_flow().float()

    with mode():
        record = explain(X + 0, MODEL, flow, target=2, confidence=0.9, run=RUN)

    expected = explain(X, MODEL, flow, target=2, confidence=0.9, run=RUN)
    assert torch.equal(record.latent, expected.latent)
    assert torch.is_grad_enabled()


def test_a_score_without_a_slope_ends_the_search_with_a_warning() -> None:
    model = Gives(lambda y: y.sign() + 0 * y)

    with pytest.warns(UserWarning, match="no row can take a step"):
        record = found(model)

    assert set(record.counts()) <= {Outcome.EXHAUSTED, Outcome.ALREADY}
    assert (record.steps == 0).all()


def test_a_row_without_a_slope_does_not_keep_the_others() -> None:
    sums = X.flatten(1).sum(1)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record = search(
            X,
            lambda x: (x.flatten(1).sum(1) - sums.median()).relu(),
            AtLeast(9.0),
            PLACE,
        )

    assert torch.equal(record.reached, sums > sums.median())
    assert (record.steps[~record.reached] == 0).all()


def test_infinite_margins_are_not_finite() -> None:
    def model(x: Tensor) -> Tensor:
        value = x.flatten(1).sum(1)

        return torch.where(value > 9, torch.inf, value)

    record = search(X, model, AtLeast(100.0), PLACE)

    assert (record.outcome == Outcome.NONFINITE).all()
    assert record.margin.isfinite().all()


def test_one_row_that_is_not_finite_spares_the_others() -> None:
    first = X[1, 0, 0, 0]

    def model(x: Tensor) -> Tensor:
        odd = x.flatten(1)[:, 0] == first

        return torch.where(odd, torch.nan, x.flatten(1).sum(1))

    record = search(X, model, AtLeast(9.0), PLACE)

    assert record.outcome[1] == Outcome.NONFINITE
    assert record.reached[[0, 2, 3, 4]].all()


class Lossy(nn.Module):
    """Coordinates that decode to the mean of the pixels."""

    def encode(self, x: Tensor) -> Tensor:
        return x.flatten(1).mean(1, keepdim=True)

    def decode(self, z: Tensor) -> Tensor:
        return z[:, :, None, None].expand(-1, *SHAPE)


def test_already_is_said_of_inputs_and_not_of_their_reconstruction() -> None:
    x = torch.zeros(2, *SHAPE)
    x[0, 0, 0, 0], x[1] = 1.6, 0.1  # both have a mean of 0.1
    record = search(
        x, lambda x: x[:, 0, 0, 0], AtLeast(0.05), cast("Coordinates", Lossy().eval())
    )

    assert record.outcome.tolist() == [Outcome.ALREADY, Outcome.ALREADY]

    x[0, 0, 0, 0], x[0, 0, 1, 1] = 0.0, 1.6
    record = search(
        x, lambda x: x[:, 0, 0, 0], AtLeast(0.05), cast("Coordinates", Lossy().eval())
    )

    assert record.outcome.tolist() == [Outcome.REACHED, Outcome.ALREADY]
    assert record.steps.tolist() == [0, 0]


@dataclass
class Counted:
    """Coordinates that count the rows that they encode."""

    coordinates: Coordinates
    rows: int = 0

    def encode(self, x: Tensor) -> Tensor:
        self.rows += len(x)

        return self.coordinates.encode(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.coordinates.decode(z)


@pytest.mark.parametrize("run", [Run(steps=3), Run(steps=3, batch_size=2)])
def test_data_are_encoded_once(run: Run) -> None:
    place = Counted(tiny_flow().float())
    explain(X, MODEL, place, target=2, run=run)

    assert place.rows == len(X)


def test_batches_are_the_rows_of_a_search() -> None:
    goal, run = TargetClass((0, 1, 2, 1, 0), 0.9), Run(steps=20, batch_size=2)
    whole = search(X, MODEL, goal, PLACE, run=run)
    parts = list(search_batches(X, MODEL, goal, PLACE, run=run))

    assert [len(part) for part in parts] == [2, 2, 1]
    assert torch.equal(torch.cat([part.latent for part in parts]), whole.latent)
    assert whole.target.tolist() == [0, 1, 2, 1, 0]
    assert parts[0].settings["objective"] == whole.settings["objective"]


@dataclass
class Interrupted(Counted):
    """Coordinates whose user interrupts while rows after the first two are encoded."""

    def encode(self, x: Tensor) -> Tensor:
        super().encode(x)

        if self.rows == 4:
            raise KeyboardInterrupt

        return self.coordinates.encode(x)


def test_an_interrupt_between_batches_loses_none_that_is_done() -> None:
    run = Run(steps=20, batch_size=2)
    whole = search(X, MODEL, GOAL, PLACE, run=run)
    parts = list(search_batches(X, MODEL, GOAL, Interrupted(PLACE), run=run))
    stopped = search(X, MODEL, GOAL, Interrupted(PLACE), run=run)

    assert [len(part) for part in parts] == [2]
    assert torch.equal(parts[0].latent, whole.latent[:2])
    assert torch.equal(stopped.latent[:2], whole.latent[:2])
    assert torch.equal(stopped.counterfactual[2:], X[2:])
    assert set(stopped.outcome[2:].tolist()) <= {Outcome.INTERRUPTED, Outcome.ALREADY}


@pytest.mark.parametrize("target", [(0, 1), (0, 1, 2, 1, 3), (0,) * 9])
def test_wrong_targets_are_refused_before_the_first_batch(
    target: tuple[int, ...],
) -> None:
    with pytest.raises(ValueError, match="target must be"):
        search_batches(X, MODEL, TargetClass(target), PLACE, run=Run(batch_size=2))


def test_restarts_add_up_their_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    record = search(X, MODEL, GOAL, PLACE, run=Run(steps=2, restarts=3))

    assert record.seconds.sum().item() == pytest.approx(1.0)


def test_a_regressor_and_a_table_have_the_same_front_door() -> None:
    x = torch.rand(4, 3)
    record = explain(
        x, lambda x: x.sum(1), Identity((3,)), objective=AtLeast(5.0), run=RUN
    )

    assert record.reached.all()
    assert record.counterfactual.max() > 1


@pytest.mark.parametrize("both", [{}, {"target": 1, "objective": GOAL}])
def test_either_a_target_or_an_objective_is_given(both: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either target or objective must be given"):
        explain(X, MODEL, PLACE, **both)


def test_images_may_leave_their_range_by_rounding() -> None:
    x = X.clone()
    x[0, 0, 0, 0] = 1.000001

    assert len(explain(x, MODEL, PLACE, target=2, run=RUN)) == 5


def test_outputs_are_asked_with_copies() -> None:
    x = torch.zeros(2, 3)
    ask(lambda x: x.add_(1), x, "the model")

    assert (x == 0).all()
