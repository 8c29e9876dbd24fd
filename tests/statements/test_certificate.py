import math
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from scipy.stats import beta
from torch import Tensor

from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives import AtLeast, Near, TargetClass
from diffeo.search import Run, search
from diffeo.statements.certificate import Smoothing, certify, upper_bound
from laws import autoencoder, images, tiny_classifier, tiny_flow
from unchecked import unchecked_calls

SIZE = 5
PLACE = Identity((SIZE,))
GOAL = AtLeast(1.0)
FEW = Smoothing(draws=60, seed=3)


def first(x: Tensor) -> Tensor:
    """A linear model: the distance of x to the target is 1 − x₀."""

    return x[:, 0]


def linear(distances: list[float]) -> Counterfactuals:
    x = torch.zeros(len(distances), SIZE, dtype=torch.float64)
    x[:, 0] = 1 - torch.tensor(distances)

    return search(x, first, GOAL, PLACE)


def radii(found: Counterfactuals) -> Tensor:
    return found.statements["certified_radius"]


def of_flow(rows: int = 4) -> Counterfactuals:
    return search(
        images(rows),
        tiny_classifier(3),
        TargetClass((0, 1, 2, 1)[:rows], 0.5),
        tiny_flow(),
        run=Run(steps=20),
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_radius_is_below_the_distance_of_a_linear_model(seed: int) -> None:
    distances = [0.05, 0.2, 0.4, 2.0]
    smoothing = Smoothing(draws=200, seed=seed)
    found = radii(certify(linear(distances), first, GOAL, PLACE, smoothing))

    assert (found <= torch.tensor(distances)).all()
    assert (found[1:] > 0).all()


def test_the_radius_comes_to_the_distance_of_a_linear_model() -> None:
    record = linear([0.2, 0.4])
    misses = [
        (record.distance - radii(certify(record, first, GOAL, PLACE, smoothing))).max()
        for smoothing in (Smoothing(draws=100), Smoothing(draws=20_000))
    ]

    assert 0 <= misses[1] < 0.02 < misses[0]


def test_a_radius_is_too_large_no_more_often_than_it_may() -> None:
    record, alpha = linear([0.2]), 0.2
    smoothings = [Smoothing(draws=50, alpha=alpha, seed=seed) for seed in range(300)]

    with unchecked_calls():
        wrong = [
            radii(certify(record, first, GOAL, PLACE, each)).item() > 0.2
            for each in smoothings
        ]

    assert 0 < sum(wrong) / len(wrong) < alpha + 3 * math.sqrt(alpha / len(wrong))


def test_an_input_at_its_target_has_no_radius() -> None:
    found = certify(linear([-0.3, 0.0]), first, GOAL, PLACE)

    assert radii(found).tolist() == [0, 0]


def test_a_radius_is_that_of_the_event_for_any_objective() -> None:
    record, goal = linear([0.5]), Near(1.2, within=0.2)
    smoothing = Smoothing(spread=0.5, draws=20_000)
    found = radii(certify(record, first, goal, PLACE, smoothing)).item()
    inside = torch.tensor([0.5, 0.9], dtype=torch.float64) / smoothing.spread
    low, high = torch.special.ndtr(inside)
    wanted = -smoothing.spread * torch.special.ndtri(high - low)

    assert found < wanted.item() < found + 0.02


def test_classes_are_certified_row_by_row_in_any_batches() -> None:
    record, model, place = of_flow(), tiny_classifier(3), tiny_flow()
    goal = TargetClass((0, 1, 2, 1), 0.5)
    whole = certify(record, model, goal, place, FEW)

    for size in (1, 7, 1000):
        smoothing = replace(FEW, batch_size=size)
        other = certify(record, model, goal, place, smoothing)
        assert torch.equal(radii(other), radii(whole))

    rows = torch.tensor([2, 1])
    alone = certify(record.select(rows), model, TargetClass((2, 1), 0.5), place, FEW)

    assert torch.equal(radii(alone), radii(whole)[rows])
    assert len(radii(whole).unique()) > 1


def test_other_statements_and_all_else_stay() -> None:
    record = replace(linear([0.4]), statements={"angle": torch.ones(1)})
    found = certify(record, first, GOAL, PLACE, FEW)

    assert set(found.statements) == {"angle", "certified_radius"}
    assert torch.equal(found.latent, record.latent)
    assert isinstance(found.settings["smoothing"], dict)
    assert found.settings["smoothing"]["draws"] == 60


@dataclass(frozen=True)
class Silent:
    """Coordinates that do not say that they are exact."""

    def encode(self, x: Tensor) -> Tensor:
        return x

    def decode(self, z: Tensor) -> Tensor:
        return z


def test_coordinates_that_may_lose_something_are_refused() -> None:
    with pytest.raises(ValueError, match="must be exact to certify a distance, as"):
        certify(linear([0.4]), first, GOAL, Silent())

    x, model, goal = images(2), tiny_classifier(3), TargetClass(1, 0.5)
    record = search(x, model, goal, Bounded(autoencoder()), run=Run(steps=2))

    with pytest.raises(ValueError, match="got Bounded, which do not say"):
        certify(record, model, goal, Bounded(autoencoder()))


def test_coordinates_of_another_record_are_refused() -> None:
    record = replace(of_flow(2), origin=images(2).flatten(1))

    with pytest.raises(ValueError, match="must decode the record's origins"):
        certify(record, tiny_classifier(3), TargetClass(1), tiny_flow(), FEW)


def test_an_input_that_is_not_decoded_has_no_statement() -> None:
    record = linear([0.4, 0.4])
    origin = record.origin + torch.tensor([[0.0], [0.1]])
    found = certify(replace(record, origin=origin), first, GOAL, PLACE, FEW)

    assert radii(found).isnan().tolist() == [False, True]


@pytest.mark.parametrize("draws", [1, 7, 300, 1000])
@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.6])
def test_bounds_agree_with_the_quantiles_of_the_beta_distribution(
    draws: int, alpha: float
) -> None:
    hits = torch.linspace(0, draws, min(draws, 40) + 1).long()
    wanted = beta.ppf(1 - alpha, hits.numpy() + 1, draws - hits.numpy()[:])
    wanted[-1] = 1  # all hit: the distribution degenerates

    torch.testing.assert_close(
        upper_bound(hits, draws, alpha), torch.from_numpy(wanted), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize(
    "settings", [{"spread": 0.0}, {"alpha": 1.0}, {"draws": 0}, {"batch_size": 0}]
)
def test_smoothing_out_of_range_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        replace(Smoothing(), **settings)
