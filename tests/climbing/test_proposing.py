from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import Tensor

from diffeo.climbing import proposing as module
from diffeo.climbing.proposing import proposing
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import Coordinates
from diffeo.objectives import TargetClass
from diffeo.run import Run
from diffeo.search import search
from laws import SHAPE, AnyModule, images, tiny_classifier, tiny_flow

X = images(3).float()


def proposed(run: Run, place: Coordinates, x: Tensor = X) -> bool:
    """Whether steps are proposed in lower precision."""

    steady = inference_form(place) or place
    found = proposing(place, steady, run, x)
    assert (found.precision == "full") == (found.coordinates is steady)
    assert (found.dtype is None) == (found.coordinates is steady)

    return found.dtype is not None


@pytest.fixture(autouse=True)
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with units for bfloat16, and a bound that tiny flows pass."""

    monkeypatch.setattr(module, "low_precision_dtype", lambda _: torch.bfloat16)
    monkeypatch.setattr(module, "HEAVY", 1)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (Run(), True),
        (Run(precision=torch.bfloat16), True),
        (Run(precision="full"), False),
        (Run(path=True), False),
        (Run(precision=torch.bfloat16, path=True), False),
    ],
)
def test_steps_are_proposed_as_the_run_says(run: Run, *, expected: bool) -> None:
    assert proposed(run, Bounded(tiny_flow().float())) == expected


def test_light_work_keeps_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAVY", 1e9)

    assert not proposed(Run(), tiny_flow().float())


def test_double_precision_is_kept() -> None:
    assert not proposed(Run(), tiny_flow(), X.double())


def test_processors_without_units_keep_full_precision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "low_precision_dtype", lambda _: torch.float32)

    assert not proposed(Run(), tiny_flow().float())


def test_coordinates_without_lower_precision_stay() -> None:
    how = Run(precision=torch.bfloat16)

    assert not proposed(how, Identity(SHAPE))
    assert not proposed(how, Bounded(Identity(SHAPE)))


@pytest.mark.parametrize("precision", ["auto", torch.bfloat16])
@pytest.mark.parametrize("bounded", [True, False])
def test_modules_without_lower_precision_are_not_said_to_run_in_it(
    precision: torch.dtype | Literal["auto"], *, bounded: bool
) -> None:
    inside = AnyModule()
    place: Coordinates = Bounded(inside) if bounded else inside
    run = Run(steps=2, batch_size=3, precision=precision)
    model = tiny_classifier(3).float()
    record = search(X, model, TargetClass(1, 0.9), place, None, run)

    assert not proposed(run, place)
    assert record.settings["precision"] == "full"


def test_the_work_of_decoding_is_counted() -> None:
    flow = tiny_flow().float()
    work = module._work(flow, X[:1])

    # At least the first convolution of the first coupling, at all 2 × 2 places.
    assert work > 2 * 4 * 9 * 4


def test_the_record_states_the_precision() -> None:
    flow, model = tiny_flow().float(), tiny_classifier(3).float()
    few = Run(steps=2, batch_size=3)

    for run, expected in ((few, "torch.bfloat16"), (replace(few, path=True), "full")):
        record = search(X, model, TargetClass(1, 0.9), flow, None, run)

        assert record.settings["precision"] == expected
