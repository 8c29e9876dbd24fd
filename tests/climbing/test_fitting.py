"""Which backward pass a search takes, and that all but memory is the same."""

from dataclasses import replace
from typing import Literal

import pytest
import torch

from diffeo import memory
from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.memory import Need
from diffeo.objectives import TargetClass
from diffeo.run import Run, backward_named
from diffeo.search import search
from laws import deep_flow, images, pulled, tiny_classifier

X = images(12, seed=5).float()
FLOW, MODEL = deep_flow(6), tiny_classifier(3).float()
RUN = Run(precision="full", steps=4, refine=1)


def found(run: Run, place: Coordinates = FLOW, rows: int = 12) -> Counterfactuals:
    goal, rule = TargetClass(2, 0.9), NormalizedGradient(0.2)

    return search(X[:rows], MODEL, goal, Bounded(place), rule, run)


@pytest.fixture(scope="module")
def row() -> int:
    """Bytes that a row keeps with the plain backward pass."""

    form = FLOW.inference()
    assert form is not None

    def work(rows: int) -> None:
        pulled(lambda z: MODEL(form.decode(z)), torch.zeros(rows, 16))

    return Need.of(work, 2, torch.device("cpu")).kept


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
    record = found(replace(RUN, batch_size=batch_size), rows=rows)

    assert record.settings["backward"] == backward


def test_more_rows_fit_with_the_reversible_backward_pass(
    row: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _: 4 * row)
    plain = found(replace(RUN, backward="plain"), rows=4)
    other = found(RUN, rows=4)

    assert plain.settings["batch_size"] == "1"
    assert other.settings["backward"] == "reversible"
    assert int(other.settings["batch_size"]) > 1


@pytest.mark.parametrize("batch_size", [5, "auto"])
@pytest.mark.parametrize("precision", ["full", torch.bfloat16])
def test_both_backward_passes_find_the_same(
    batch_size: int | Literal["auto"], precision: torch.dtype | Literal["full"]
) -> None:
    run = replace(RUN, batch_size=batch_size, precision=precision)
    plain = found(replace(run, backward="plain"))
    other = found(replace(run, backward="reversible"))

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


def test_an_unknown_backward_pass_is_refused() -> None:
    with pytest.raises(
        ValueError, match="one of auto, plain, reversible, got backwards"
    ):
        backward_named("backwards")
