from dataclasses import replace

import numpy as np
import pytest
import torch

from diffeo.methods import PrototypeObjective
from diffeo.objectives import Point, TargetClass
from diffeo.objectives.penalties import PrototypeDistance, nearest_mean
from laws import images, tiny_classifier, tiny_flow

FLOW, MODEL = tiny_flow(), tiny_classifier(3)


def test_a_prototype_is_the_mean_of_the_nearest() -> None:
    z = FLOW.encode(images(4))
    references = FLOW.encode(images(50, seed=1))
    found = nearest_mean(z, references, count=5).numpy()

    for row, own in enumerate(z.numpy()):
        order = sorted(references.numpy(), key=lambda other: sum((other - own) ** 2))
        np.testing.assert_allclose(found[row], np.mean(order[:5], axis=0), atol=1e-9)


def test_each_row_gets_a_prototype_of_its_target_class() -> None:
    x, data = images(4), images(60, seed=5)
    fitted = PrototypeObjective.from_data(
        data, MODEL, FLOW.encode, autoencoder=lambda x: x
    )
    answers = MODEL(data).argmax(1)
    one, other = answers.unique()[:2].tolist()
    target = torch.tensor([one, other, other, one], dtype=torch.float64)
    z = FLOW.encode(x)
    distance = PrototypeDistance(fitted.encodings, fitted.labels, count=5)
    held = distance.start(Point(x, z, MODEL(x), x, z), target)

    for row in range(4):
        of_class = FLOW.encode(data)[answers == target[row]]
        expected = nearest_mean(z[row : row + 1], of_class, count=5)
        torch.testing.assert_close(held[row : row + 1], expected)


def test_the_whole_price_is_the_published_sum() -> None:
    data = images(60, seed=5)
    fitted = replace(
        PrototypeObjective.from_data(
            data, MODEL, FLOW.encode, autoencoder=lambda x: 0.5 * x
        ),
        weight=0.5,
        sparsity=0.2,
        likeness=0.3,
        attraction=0.4,
    )
    goal = TargetClass(1, 0.7)
    objective, bare = fitted(goal), replace(fitted, weight=0.0)(goal)
    x, factual = images(3), images(3, seed=9)
    z, origin = FLOW.encode(x), FLOW.encode(factual)
    start = Point(factual, origin, MODEL(factual), factual, origin)
    point = Point(x, z, MODEL(x), factual, origin)
    price = bare.score(point, bare.start(start)) - objective.score(
        point, objective.start(start)
    )
    of_class = fitted.encodings[fitted.labels == 1]
    prototype = nearest_mean(origin, of_class, count=5)
    change = (x - factual).flatten(1)
    expected = 0.5 * (
        0.2 * change.abs().sum(1)
        + change.square().sum(1)
        + 0.3 * (0.5 * x).flatten(1).square().sum(1)
        + 0.4 * (z - prototype).square().sum(1)
    )

    torch.testing.assert_close(price, expected)


def test_too_few_encodings_are_told() -> None:
    with pytest.raises(ValueError, match="from 1 to the 3 encodings"):
        nearest_mean(torch.zeros(1, 2), torch.zeros(3, 2), count=5)


@pytest.mark.parametrize("name", ["weight", "sparsity", "likeness", "attraction"])
def test_negative_settings_are_refused(name: str) -> None:
    fitted = PrototypeObjective(torch.zeros(1, 2), torch.zeros(1).long(), lambda x: x)
    negative = replace(fitted, **{name: -1.0})  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="weight must be at least 0, got -"):
        negative(TargetClass(1))


def test_an_encoder_of_its_own_says_where_prototypes_are() -> None:
    x, data = images(4), images(60, seed=5)

    def encoder(x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)[:, :3] ** 2

    fitted = PrototypeObjective.from_data(data, MODEL, encoder, autoencoder=lambda x: x)
    answers = MODEL(data).argmax(1)
    target = answers.unique()[0].to(torch.float64).expand(4)
    distance = PrototypeDistance(fitted.encodings, fitted.labels, encoder=encoder)
    z = FLOW.encode(x)
    point = Point(x, z, MODEL(x), x, z)
    held = distance.start(point, target)
    expected = nearest_mean(encoder(x), encoder(data)[answers == target[0]], count=5)

    torch.testing.assert_close(held, expected)
    torch.testing.assert_close(
        distance.penalty(point, held), (encoder(x) - expected).square().sum(1)
    )
