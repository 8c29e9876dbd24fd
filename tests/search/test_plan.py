"""Which backward pass and precision a search takes."""

from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import Tensor

from diffeo import memory
from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.memory import Need
from diffeo.objectives import TargetClass
from diffeo.search import plan as module
from diffeo.search import search
from diffeo.search.plan import Plan, plan_search
from diffeo.search.problem import Problem
from diffeo.search.run import Run, backward_named
from laws import (
    SHAPE,
    autoencoder,
    deep_flow,
    images,
    pulled,
    tiny_classifier,
    tiny_flow,
)
from unchecked import unchecked

__all__ = ["unchecked"]

X = images(12, seed=5).float()
FLOW, MODEL = deep_flow(6), tiny_classifier(3).float()
RUN = Run(precision="full", steps=3)


def found(run: Run, place: Coordinates = FLOW, rows: int = 12) -> Counterfactuals:
    goal, rule = TargetClass(2, 0.9), NormalizedGradient(0.2)

    return search(X[:rows], MODEL, goal, Bounded(place), rule, run)


@pytest.fixture(scope="module")
def row() -> int:
    """Bytes that a row keeps with the plain backward pass."""

    form = FLOW.inference()
    assert form is not None

    def work() -> None:
        pulled(lambda z: MODEL(form.decode(z)), torch.zeros(1, 16))

    return Need.of(work, torch.device("cpu")).kept


@pytest.mark.parametrize(
    ("batch_size", "rows", "fitting", "backward"),
    [
        (6, 12, 5, "reversible"),
        (6, 12, 7, "plain"),
        (6, 3, 4, "plain"),
        (100, 12, 11, "reversible"),
        ("auto", 12, 7, "reversible"),
        ("auto", 12, 10, "plain"),
        ("auto", 3, 2, "reversible"),
        ("auto", 3, 4, "plain"),
        ("auto", 1, 0.5, "reversible"),
        ("auto", 1, 2, "plain"),
    ],
)
def test_the_plain_backward_pass_is_taken_where_it_fits(
    batch_size: int | Literal["auto"],
    rows: int,
    fitting: float,
    backward: str,
    row: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = int(fitting * row / memory.LIMIT)
    monkeypatch.setattr(memory, "available_bytes", lambda _: free)
    record = found(replace(RUN, batch_size=batch_size, steps=1), rows=rows)

    assert record.settings["backward"] == backward


def test_more_rows_fit_with_the_reversible_backward_pass(
    row: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _: 4 * row)
    plain = found(replace(RUN, backward="plain", steps=1), rows=4)
    other = found(replace(RUN, steps=1), rows=4)

    assert plain.batch_size == 1
    assert other.settings["backward"] == "reversible"
    assert other.batch_size > 1


@pytest.mark.parametrize("batch_size", [5, "auto"])
@pytest.mark.parametrize("precision", ["full", torch.bfloat16])
def test_both_backward_passes_find_the_same(
    batch_size: int | Literal["auto"], precision: torch.dtype | Literal["full"]
) -> None:
    run = replace(RUN, batch_size=batch_size, precision=precision)
    plain = found(replace(run, backward="plain"), rows=8)
    other = found(replace(run, backward="reversible"), rows=8)

    assert (plain.settings["backward"], other.settings["backward"]) == (
        "plain",
        "reversible",
    )
    assert (plain.steps > 1).any()
    assert torch.equal(plain.steps, other.steps)

    for one, two in (
        (plain.latent, other.latent),
        (plain.counterfactual, other.counterfactual),
    ):
        torch.testing.assert_close(two, one, rtol=1e-4, atol=1e-4)


def test_coordinates_without_a_reversible_form_are_plain() -> None:
    record = found(replace(RUN, backward="reversible"), Identity((1, 4, 4)))

    assert record.settings["backward"] == "plain"


def planned(run: Run, place: Coordinates, x: Tensor = X) -> Plan:
    z = place.encode(x[:1]).detach()

    problem = Problem(MODEL.to(x.dtype), TargetClass(2), place, NormalizedGradient(1.0))

    return plan_search(problem, run, z, len(x))


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with units for bfloat16, and a bound that tiny flows pass."""

    monkeypatch.setattr(module, "low_precision_dtype", lambda _: torch.bfloat16)
    monkeypatch.setattr(module, "HEAVY", 1)


on_able = pytest.mark.usefixtures("able")


@on_able
@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (Run(), "torch.bfloat16"),
        (Run(precision=torch.bfloat16), "torch.bfloat16"),
        (Run(precision="full"), "full"),
        (Run(path=True), "full"),
        (Run(precision=torch.bfloat16, path=True), "full"),
    ],
)
@pytest.mark.parametrize("backward", ["plain", "reversible"])
def test_steps_are_taken_in_the_precision_that_the_run_says(
    run: Run, expected: str, backward: Literal["plain", "reversible"]
) -> None:
    plan = planned(replace(run, backward=backward), Bounded(FLOW))

    assert plan.precision == expected
    assert (plan.low is None) == (expected == "full")
    assert plan.backward == backward


@on_able
def test_light_work_keeps_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAVY", 1e9)

    assert planned(Run(), FLOW).low is None


@on_able
def test_double_precision_is_kept() -> None:
    assert planned(Run(), tiny_flow(), X.double()).low is None
    MODEL.float()


@on_able
def test_processors_without_units_keep_full_precision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "low_precision_dtype", lambda _: torch.float32)

    assert planned(Run(), FLOW).low is None


@on_able
@pytest.mark.parametrize("run", [Run(), Run(precision=torch.bfloat16)])
@pytest.mark.parametrize(
    "place", [Identity(SHAPE), Bounded(Identity(SHAPE)), Bounded(autoencoder().float())]
)
def test_coordinates_without_lower_precision_are_not_said_to_have_it(
    run: Run, place: Coordinates
) -> None:
    plan = planned(run, place)

    assert plan.low is None
    assert plan.precision == "full"


@on_able
def test_the_record_states_the_precision() -> None:
    few = Run(steps=2, batch_size=3)

    for run, expected in ((few, "torch.bfloat16"), (replace(few, path=True), "full")):
        assert found(run, rows=3).settings["precision"] == expected


def test_the_work_of_decoding_is_counted() -> None:
    # At least the first convolution of the first coupling, at all 2 × 2 places.
    assert module._work(FLOW, torch.zeros(1, 16)) > 2 * 4 * 9 * 4


def test_an_unknown_backward_pass_is_refused() -> None:
    with pytest.raises(
        ValueError, match="one of auto, plain, reversible, got backwards"
    ):
        backward_named("backwards")
