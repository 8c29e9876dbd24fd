import pytest
import torch

from diffeo.ascents import Gradient
from diffeo.coordinates.identity import Identity
from diffeo.objectives import Point, TargetClass
from diffeo.objectives.penalized import Penalized
from diffeo.objectives.penalties import (
    Manhattan,
    Penalty,
    ReconstructionError,
    SquaredEuclidean,
)
from diffeo.search import Run, search
from laws import SHAPE, images, tiny_classifier

MODEL = tiny_classifier(3)
PENALTIES: dict[str, Penalty] = {
    "L1": Manhattan(),
    "squared L2": SquaredEuclidean(),
    "reconstruction error": ReconstructionError(lambda x: 0.9 * x),
}


def points() -> tuple[Point, Point]:
    factual, x = images(4), images(4, seed=8)
    origin, z = factual.flatten(1), x.flatten(1)
    start = Point(factual, origin, MODEL(factual), factual, origin)

    return start, Point(x, z, MODEL(x), factual, origin)


@pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES.keys())
def test_only_the_score_pays(penalty: Penalty) -> None:
    start, point = points()
    plain = TargetClass(1, 0.8)
    priced = Penalized(plain, penalty, 0.3)
    inner, memory = plain.start(start), priced.start(start)
    price = penalty.penalty(point, penalty.start(start, torch.zeros(4).double()))

    assert (price > 0).all()
    torch.testing.assert_close(
        priced.score(point, memory), plain.score(point, inner) - 0.3 * price
    )
    assert torch.equal(priced.margin(point, memory), plain.margin(point, inner))
    assert torch.equal(priced.aim(point, memory), plain.aim(point, inner))


def test_distances_are_what_they_say() -> None:
    start, point = points()
    change = (point.data - point.factual).flatten(1)
    nothing = start.origin[:, :0]

    torch.testing.assert_close(Manhattan().penalty(point, nothing), change.abs().sum(1))
    torch.testing.assert_close(
        SquaredEuclidean().penalty(point, nothing), change.square().sum(1)
    )


def test_a_penalty_keeps_a_search_nearer() -> None:
    x = images(4)
    plain = TargetClass(1, 0.7)
    records = [
        search(x, MODEL, objective, Identity(SHAPE), Gradient(0.002))
        for objective in (plain, Penalized(plain, SquaredEuclidean(), 0.5))
    ]
    free, bound = ((r.latent - r.origin).norm(dim=1) for r in records)

    assert all(record.reached.all() for record in records)
    assert bound.mean() < free.mean()


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="weight must be at least 0, got -1"):
        Penalized(TargetClass(1), Manhattan(), -1.0)


def test_weights_of_the_rows_are_those_of_searches_one_by_one() -> None:
    x, weights = images(4), torch.tensor([0.0, 0.1, 0.5, 1.0]).double()
    plain, rule = TargetClass(1, 0.7), Gradient(0.002)
    priced = Penalized(plain, SquaredEuclidean(), weights)
    whole = search(x, MODEL, priced, Identity(SHAPE), rule, Run(batch_size=3))

    for row, weight in enumerate(weights.tolist()):
        own = Penalized(plain, SquaredEuclidean(), weight)
        alone = search(x[row : row + 1], MODEL, own, Identity(SHAPE), rule)

        assert alone.steps[0] == whole.steps[row]
        torch.testing.assert_close(alone.latent[0], whole.latent[row])


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (torch.tensor([0.1, -0.5]), "at least 0, got -0.5"),
        (torch.ones(2, 2), r"one for each row, got shape \(2, 2\)"),
    ],
)
def test_wrong_weights_are_refused(weight: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Penalized(TargetClass(1), Manhattan(), weight)


def test_weights_of_other_rows_are_refused() -> None:
    priced = Penalized(TargetClass(1), Manhattan(), torch.ones(3).double())

    with pytest.raises(ValueError, match="one for each of 4 rows, got 3"):
        search(images(4), MODEL, priced, Identity(SHAPE), Gradient(0.002))
