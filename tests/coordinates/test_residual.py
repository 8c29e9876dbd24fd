import pytest
import torch
from torch import Tensor, nn

from diffeo import (
    Adam,
    AtLeast,
    Bounded,
    Identity,
    Outcome,
    Residual,
    Run,
    Smoothed,
    TargetClass,
    explain,
    search,
)
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import (
    Coordinates,
    Remembers,
    decode_with,
    is_exact,
    start_memory,
)
from diffeo.methods import RadiusSchedule, RandomSearch
from diffeo.report.path_frames import path_frames
from diffeo.search.plan import plan_search
from diffeo.search.problem import Problem
from laws import SHAPE, AnyModule, autoencoder, deep_flow, images, tiny_classifier

MODEL = tiny_classifier(1)
X = images(6, seed=5)
FEW = Run(steps=10, batch_size=4, path=True)


def differences(place: Coordinates) -> tuple[Tensor, Tensor]:
    """What a search changed, and how that differs from what the generator changed."""

    record = search(X, MODEL, AtLeast(0.6), Residual(place), run=FEW)
    change = record.counterfactual - record.factual

    return change, change - (place.decode(record.latent) - place.decode(record.origin))


def test_only_what_the_generator_changes_is_changed() -> None:
    change, off = differences(autoencoder())

    assert change.abs().max() > 0.01
    assert off.abs().max() < 1e-12
    assert not is_exact(Residual(Identity(SHAPE)))


def test_a_search_starts_at_the_input_itself() -> None:
    model, goal = tiny_classifier(1), AtLeast(-100.0)
    record = explain(X, model, Residual(autoencoder()), objective=goal)

    assert (record.outcome == Outcome.ALREADY).all()
    torch.testing.assert_close(record.counterfactual, X)
    torch.testing.assert_close(record.outputs_after, record.outputs_before)


def test_the_record_still_shows_what_the_generator_makes_of_the_input() -> None:
    place = autoencoder()
    record = search(X, MODEL, AtLeast(0.6), Residual(place), run=FEW)

    torch.testing.assert_close(record.reconstruction, place.decode(place.encode(X)))
    assert (record.reconstruction - X).abs().max() > 0.1


def test_where_nothing_is_lost_nothing_changes() -> None:
    records = [
        search(X, MODEL, AtLeast(0.6), place, run=FEW)
        for place in (Identity(SHAPE), Residual(Identity(SHAPE)))
    ]

    torch.testing.assert_close(
        records[0].counterfactual, records[1].counterfactual, rtol=0, atol=1e-12
    )


class Masked(nn.Module):
    """Coordinates of a user's that change only the brighter half of each row."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = AnyModule().double()

    def encode(self, x: Tensor) -> Tensor:
        return self.inner.encode(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.inner.decode(z)

    def start(self, x: Tensor, z: Tensor) -> tuple[Tensor, ...]:  # noqa: ARG002
        return x, x > x.flatten(1).median(1).values[:, None, None, None]

    def decode_with(self, z: Tensor, memory: tuple[Tensor, ...]) -> Tensor:
        x, mask = memory

        return torch.where(mask, self.decode(z), x)


@pytest.mark.parametrize("retried", [True, False])
def test_a_mask_is_carried_with_its_row(*, retried: bool) -> None:
    place, goal = Masked().eval(), AtLeast(0.4)
    objective = Smoothed(goal, draws=2, spread=0.01) if retried else goal
    record = search(X, MODEL, objective, Residual(place), run=FEW)
    bright = start_memory(place, X, X.flatten(1))[1]
    change = (record.counterfactual - X).abs()

    assert isinstance(place, Remembers)
    assert inference_form(place) is None
    assert record.steps.unique().numel() > 1
    assert change[bright].max() > 1e-3
    assert change[~bright].max() == 0


def test_other_forms_of_the_generator_keep_the_remainder() -> None:
    flow = deep_flow(4)
    place = Bounded(Residual(flow))
    z = flow.encode(X.float())
    memory = start_memory(place, X.float(), z + 0.5)

    for form in (inference_form(place), inference_form(place, invertible=True)):
        assert form is not None
        torch.testing.assert_close(
            decode_with(form, z, memory), decode_with(place, z, memory)
        )

    problem = Problem(MODEL.float(), AtLeast(0.6), place, Adam(0.1))
    plan = plan_search(problem, Run(backward="reversible"), z[:1], len(X))
    MODEL.double()

    assert plan.backward == "reversible"


def test_paths_are_drawn_with_the_remainder() -> None:
    place = Residual(autoencoder())
    record = search(X, MODEL, AtLeast(0.6), place, run=FEW)
    rows = [row for row in range(6) if len(record.paths[row].steps) > 2][:2]
    frames = path_frames(record, place, rows, count=3)

    for row, frame in zip(rows, frames, strict=True):
        torch.testing.assert_close(frame.images[0], X[row], rtol=0, atol=1e-9)


def test_random_search_starts_at_the_input_too() -> None:
    inner = autoencoder()
    method = RandomSearch(RadiusSchedule(2.0, 0.5), samples=5, budget=20)
    record = method.explain(
        X[:2],
        tiny_classifier(3),
        Residual(inner),
        TargetClass(1, 0.6),
        Run(path=True),
    )
    moved = inner.decode(record.latent) - inner.decode(record.origin)

    torch.testing.assert_close(record.counterfactual, (X[:2] + moved).clamp(0, 1))
