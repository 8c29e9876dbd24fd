"""The closest point at a target: what it keeps, what it says, and how near it comes."""

import math
from contextlib import nullcontext
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor

from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.distances import (
    DataDistance,
    Distance,
    FeatureDistance,
    LatentDistance,
)
from diffeo.objectives import AtLeast, Between, TargetClass
from diffeo.search import Run, search
from laws import images, tiny_classifier, tiny_flow
from unchecked import unchecked_calls

X = images(6, seed=5)
RUN = Run(steps=30, closest_steps=20, batch_size=4)
TOLERANCE = 0.02
DISTANCES: dict[str, Distance] = {
    "latent": LatentDistance(),
    "data": DataDistance(),
    "features": FeatureDistance(lambda x: x.flatten(1).cumsum(1)),
}

every_distance = pytest.mark.parametrize("name", DISTANCES)


def run(distance: Distance | None, x: Tensor = X, **how: object) -> Counterfactuals:
    closest = (distance,) if distance else ()

    return search(
        x,
        tiny_classifier(3),
        TargetClass(2, confidence=0.9),
        tiny_flow(),
        NormalizedGradient(0.5),
        replace(RUN, closest=closest, **how),  # type: ignore[arg-type]
    )


@cache
def record_of(name: str | None) -> Counterfactuals:
    """Check the types of one search, which is like the others."""

    with nullcontext() if name == "features" else unchecked_calls():
        return run(DISTANCES[name] if name else None)


def length(distance: Distance, record: Counterfactuals) -> Tensor:
    change = distance.features(record.counterfactual, record.latent)

    change = change - distance.features(record.factual, record.origin)
    lengths: Tensor = torch.linalg.vector_norm(change, dim=1)

    return lengths


@every_distance
def test_rows_come_nearer_and_keep_their_tolerance(name: str) -> None:
    plain, closest, distance = record_of(None), record_of(name), DISTANCES[name]
    moved = plain.outcome == Outcome.REACHED

    assert moved.sum() >= 3
    assert torch.equal(plain.outcome, closest.outcome)
    assert (closest.margin[moved] >= TOLERANCE).all()
    assert (length(distance, closest) <= length(distance, plain)).all()
    assert (length(distance, closest) < 0.9 * length(distance, plain))[moved].any()


@every_distance
def test_the_record_states_the_distances_before_and_after(name: str) -> None:
    plain, closest, distance = record_of(None), record_of(name), DISTANCES[name]
    moved = plain.outcome == Outcome.REACHED
    stated = closest.statements

    for key, record in {"distance_before": plain, "distance_after": closest}.items():
        expected = length(distance, record)
        torch.testing.assert_close(stated[key][moved], expected[moved])

    for values in stated.values():
        assert torch.equal(values.isnan(), ~moved)


@every_distance
def test_the_angle_is_that_between_the_gradients(name: str) -> None:
    record, distance = record_of(name), DISTANCES[name]
    flow, model = tiny_flow(), tiny_classifier(3)
    z = record.latent.clone().requires_grad_()
    x = flow.decode(z)
    logits = model(x)
    odds = logits[:, 2] - logits[:, :2].logsumexp(1)
    change = distance.features(x, z) - distance.features(record.factual, record.origin)
    (rise,) = torch.autograd.grad(odds.sum(), z, retain_graph=True)
    (pull,) = torch.autograd.grad(change.square().sum(), z)
    angle = torch.cosine_similarity(rise, pull).arccos().rad2deg()
    moved = record.outcome == Outcome.REACHED

    torch.testing.assert_close(record.statements["kkt_angle"][moved], angle[moved])
    assert angle[moved].median() < 15


@every_distance
def test_rows_do_not_depend_on_each_other(name: str) -> None:
    together, order = record_of(name), torch.tensor([4, 2, 5, 0, 3, 1])

    with unchecked_calls():
        other = run(DISTANCES[name], X[order], batch_size=6)

    torch.testing.assert_close(other.latent, together.latent[order], rtol=0, atol=1e-9)
    torch.testing.assert_close(
        other.statements["kkt_angle"],
        together.statements["kkt_angle"][order],
        rtol=0,
        atol=1e-6,
        equal_nan=True,
    )


def test_both_backward_passes_come_to_the_same_point() -> None:
    reversible = run(DISTANCES["data"], backward="reversible")

    torch.testing.assert_close(
        reversible.latent, record_of("data").latent, rtol=0, atol=1e-6
    )


def test_the_nearest_point_of_an_ellipse_is_found() -> None:
    stretch, x = torch.tensor([1.0, 3.0]), torch.tensor([[3.0, 1.0], [2.0, -2.0]])

    def model(x: Tensor) -> Tensor:
        return 1 - (x * stretch).square().sum(1)

    found = search(
        x.double(),
        model,
        AtLeast(1e-4),  # for a small tolerance
        Identity((2,)),
        run=Run(closest=(LatentDistance(),)),
    )
    turn = torch.linspace(0, 2 * math.pi, 100_000, dtype=torch.float64)
    circle = torch.stack((turn.cos(), turn.sin()), 1)
    nearest = torch.cdist(x.double(), circle / stretch).amin(1)

    assert (found.statements["distance_before"] > 1.02 * nearest).any()
    assert (found.statements["distance_after"] < 1.01 * nearest).all()
    assert (found.statements["kkt_angle"] <= 4).all()


def test_a_row_far_past_its_target_comes_back_to_it() -> None:
    found = search(
        torch.tensor([[-3.0, -4.0]]),
        lambda x: x.sum(1),
        AtLeast(1.0),
        Identity((2,)),
        NormalizedGradient(9.0),
        Run(line_search_steps=0, closest=(LatentDistance(),)),
    )

    assert found.statements["distance_before"].item() == pytest.approx(9)
    assert found.statements["distance_after"].item() < 5.75  # √32 = 5.66


def test_an_interval_is_entered_where_it_is_nearest() -> None:
    found = search(
        torch.tensor([[0.0, 0.1]]),
        lambda x: x[:, 0] + 3 * x[:, 1].square(),
        Between(1.0, 2.0),
        Identity((2,)),
        run=Run(closest=(LatentDistance(),)),
    )

    assert found.margin.item() >= 0
    assert found.statements["distance_after"].item() < 0.5


def test_rows_that_are_not_moved_have_no_statements() -> None:
    x = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    run = Run(steps=1, closest=(LatentDistance(),))
    found = search(
        x, lambda x: x[:, 0], AtLeast(1.0), Identity((2,)), NormalizedGradient(0.1), run
    )

    assert found.outcome.tolist() == [Outcome.ALREADY, Outcome.EXHAUSTED]
    assert all(values.isnan().all() for values in found.statements.values())


def test_an_interrupt_keeps_the_points_that_were_reached() -> None:
    class Distant(LatentDistance):
        def features(self, data: Tensor, latent: Tensor) -> Tensor:  # noqa: ARG002
            if latent.requires_grad:
                raise KeyboardInterrupt

            return latent

    found = run(Distant())

    assert (found.outcome == Outcome.REACHED).any()
    assert found.statements["kkt_angle"].isnan().all()
