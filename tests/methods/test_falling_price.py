from dataclasses import replace

import torch

from diffeo.counterfactuals import Counterfactuals
from diffeo.distances import DataDistance, LatentDistance
from diffeo.methods import FallingPrice, Method, diffeomorphic
from diffeo.objectives import TargetClass
from diffeo.search import Run
from laws import images, tiny_classifier, tiny_flow

MODEL, FLOW, X = tiny_classifier(3), tiny_flow(), images(6, seed=2)
RUN, METHOD = Run(steps=100), FallingPrice(steps=60)


def explain(
    method: Method = METHOD, x: torch.Tensor = X, run: Run = RUN
) -> Counterfactuals:
    return method.explain(x, MODEL, FLOW, TargetClass(1, 0.97), run)


def test_no_row_ends_further_than_without_a_price() -> None:
    free, paid = explain(diffeomorphic()), explain()

    assert torch.equal(free.reached, paid.reached)
    assert (paid.distance <= free.distance).all()
    assert (paid.distance < 0.95 * free.distance)[free.reached].any()


def test_rows_that_cannot_pay_are_searched_without_a_price() -> None:
    free, dear = explain(diffeomorphic()), explain(replace(METHOD, first=1e6, fall=1.0))

    assert torch.equal(free.counterfactual, dear.counterfactual)
    assert torch.equal(free.outcome, dear.outcome)


def test_the_distances_of_the_run_are_minimized_from_there() -> None:
    near = explain()
    run = replace(RUN, closest=(LatentDistance(), DataDistance()), closest_steps=20)
    nearest = explain(run=run)
    stated = nearest.statements
    moved = ~stated["kkt_angle"].isnan()

    assert moved.sum() >= 4
    assert (stated["distance_after"] <= stated["distance_before"])[moved].all()
    torch.testing.assert_close(
        stated["distance_before"][moved], near.distance[moved], rtol=0, atol=1e-9
    )
    assert nearest.reached.all()


def test_rows_do_not_depend_on_their_batch() -> None:
    whole, parts = explain(), explain(run=replace(RUN, batch_size=2))

    torch.testing.assert_close(whole.latent, parts.latent, rtol=0, atol=1e-9)
