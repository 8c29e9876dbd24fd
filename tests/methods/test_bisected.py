from dataclasses import replace

import torch

from diffeo.ascents import Box, Gradient
from diffeo.counterfactuals import Counterfactuals
from diffeo.methods import Bisected, GradientMethod, manhattan, wachter
from diffeo.objectives import TargetClass
from diffeo.search import Run
from laws import images, tiny_classifier, tiny_flow
from unchecked import unchecked

__all__ = ["unchecked"]

MODEL, FLOW, X = tiny_classifier(3), tiny_flow(), images(6, seed=2)
STEP = Box(Gradient(0.02), 0.0, 1.0)
RUN = Run(steps=100, retries=0)
BISECTED = Bisected(lambda weight: wachter(weight, STEP), steps=100)


def explain(
    method: Bisected | GradientMethod, x: torch.Tensor = X, confidence: float = 0.7
) -> Counterfactuals:
    return method.explain(x, MODEL, FLOW, TargetClass(1, confidence), RUN)


def lengths(record: Counterfactuals) -> torch.Tensor:
    length = manhattan((record.counterfactual - record.factual).flatten(1))

    return length.masked_fill(~record.reached, torch.inf)


def test_no_round_was_nearer() -> None:
    prices: list[torch.Tensor] = []

    def method(price: torch.Tensor) -> GradientMethod:
        prices.append(price)

        return wachter(price, STEP)

    best = lengths(explain(replace(BISECTED, method=method)))
    rounds = [lengths(explain(wachter(price, STEP))) for price in prices]

    assert len(prices) == 1 + BISECTED.rounds + 1
    assert (prices[0] == 0).all()
    assert all((best <= length + 1e-9).all() for length in rounds)
    assert (best < rounds[0]).any()


def test_a_success_raises_the_price_and_a_failure_lowers_it() -> None:
    prices: list[torch.Tensor] = []
    found: list[torch.Tensor] = []

    def method(price: torch.Tensor) -> GradientMethod:
        prices.append(price)
        found.append(explain(wachter(price, STEP)).reached)

        return wachter(price, STEP)

    explain(replace(BISECTED, method=method))

    for number in range(1, BISECTED.rounds):
        raised = prices[number + 1] > prices[number]
        assert torch.equal(raised, found[number])


def test_no_row_fails_for_its_price() -> None:
    free = explain(wachter(0.0, STEP))
    dear = explain(replace(BISECTED, first=100.0, rounds=1))

    assert torch.equal(free.reached, dear.reached)
    assert (lengths(dear) <= lengths(free)).all()


def test_steps_past_the_first_success_never_lead_further_away() -> None:
    short, long = (
        lengths(explain(replace(BISECTED, rounds=2, further=steps)))
        for steps in (0, 20)
    )

    assert (long <= short).all()


def test_a_row_has_a_price_of_its_own() -> None:
    whole = explain(BISECTED)

    for row in (0, 3):
        alone = explain(BISECTED, X[row : row + 1])
        torch.testing.assert_close(alone.counterfactual[0], whole.counterfactual[row])
