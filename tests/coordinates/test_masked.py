import pytest
import torch
from torch import Tensor

from diffeo import (
    AtLeast,
    Bounded,
    Identity,
    Masked,
    Outcome,
    Residual,
    Run,
    Smoothed,
    explain,
    search,
)
from diffeo.coordinates.inference import inference_form
from diffeo.coordinates.protocol import decode_with, is_exact, start_memory
from diffeo.coordinates.wrapping import density_of
from diffeo.distances import DataDistance, LatentDistance
from diffeo.objectives import Objective
from diffeo.statements.certificate import certify
from laws import SHAPE, autoencoder, deep_flow, images, tiny_classifier, tiny_flow

LOWER = torch.arange(16).reshape(SHAPE) >= 8
MODEL = tiny_classifier(1)
X = images(6, seed=5)
FEW = Run(steps=20, batch_size=4)
GOAL = AtLeast(0.6)


@pytest.mark.parametrize(
    ("goal", "run"),
    [
        (GOAL, FEW),
        (Smoothed(GOAL, draws=2, spread=0.01), FEW),
        (GOAL, Run(steps=20, batch_size=4, restarts=1)),
        (GOAL, Run(steps=20, closest=(LatentDistance(), DataDistance()))),
    ],
    ids=["once", "smoothed", "restarted", "closest"],
)
def test_only_what_the_mask_allows_is_changed(goal: Objective, run: Run) -> None:
    record = search(X, MODEL, goal, Bounded(Masked(Identity(SHAPE), LOWER)), run=run)
    change = record.counterfactual - record.factual

    assert record.reached.sum() >= 3
    assert torch.equal(change[:, ~LOWER], torch.zeros_like(change[:, ~LOWER]))
    assert (change[:, LOWER].abs().amax(1) > 1e-3).sum() >= 4
    torch.testing.assert_close(MODEL(record.counterfactual), record.outputs_after)


def test_columns_of_a_table_are_frozen_to_the_last_bit() -> None:
    x = torch.randn(20, 5, generator=torch.Generator().manual_seed(1))
    free = torch.tensor([True, False, True, False, True])
    record = explain(
        x, lambda x: x.sum(1), Masked(Identity((5,)), free), objective=AtLeast(3.0)
    )

    assert record.reached.all()
    assert torch.equal(record.counterfactual[:, ~free], x[:, ~free])
    assert (record.counterfactual[:, free] != x[:, free]).any(1).sum() > 10


def test_gradients_flow_through_what_may_change_alone() -> None:
    place = Masked(Identity(SHAPE), LOWER)
    z = X.flatten(1).clone().requires_grad_()
    x = decode_with(place, z, start_memory(place, X, X.flatten(1)))
    (gradient,) = torch.autograd.grad(x.sum(), z)

    assert torch.equal(gradient, LOWER.flatten().to(z).expand_as(z))


def test_what_is_decoded_elsewhere_does_not_matter() -> None:
    place = Masked(Identity(SHAPE), LOWER)
    z = torch.where(LOWER.flatten(), X.flatten(1), torch.nan)
    x = decode_with(place, z, start_memory(place, X, X.flatten(1)))

    assert torch.equal(x, X)


def test_a_soft_mask_blends() -> None:
    mask = torch.linspace(0, 1, 16).reshape(SHAPE)
    place = Masked(Identity(SHAPE), mask)
    z = images(6, seed=8).flatten(1)
    x = decode_with(place, z, start_memory(place, X, X.flatten(1)))
    decoded = z.reshape(X.shape)

    torch.testing.assert_close(x, X + mask.double() * (decoded - X))
    assert torch.equal(x[:, 0, 0, 0], X[:, 0, 0, 0])
    assert torch.equal(x[:, 0, 3, 3], decoded[:, 0, 3, 3])


def test_where_all_may_change_nothing_differs() -> None:
    records = [
        search(X, MODEL, GOAL, place, run=FEW)
        for place in (
            autoencoder(),
            Masked(autoencoder(), torch.ones(SHAPE, dtype=torch.bool)),
        )
    ]

    assert torch.equal(records[0].counterfactual, records[1].counterfactual)
    assert torch.equal(records[0].latent, records[1].latent)


def test_the_density_is_that_of_the_whole_datum() -> None:
    flow = tiny_flow()
    place = Bounded(Masked(flow, LOWER))
    record = search(X, MODEL, GOAL, place, run=FEW)
    density = density_of(place)
    decoded = flow.decode(record.latent)

    assert density is not None
    torch.testing.assert_close(
        density(record.counterfactual), flow.log_prob(record.counterfactual)
    )
    assert (flow.log_prob(decoded) - density(record.counterfactual)).abs().max() > 1e-3


def test_nothing_is_certified_of_many_latents_with_one_datum() -> None:
    place = Masked(tiny_flow(), LOWER)
    record = search(X, MODEL, GOAL, place, run=Run(steps=2))

    assert not is_exact(place)
    assert not is_exact(Bounded(place))

    with pytest.raises(ValueError, match="got Masked, which do not say"):
        certify(record, MODEL, GOAL, place)


def test_the_remainder_makes_the_whole_start_at_the_input() -> None:
    place = Masked(Residual(autoencoder()), LOWER)
    record = explain(X, MODEL, place, objective=AtLeast(-100.0))

    assert (record.outcome == Outcome.ALREADY).all()
    torch.testing.assert_close(record.counterfactual, X)


def test_other_forms_of_the_generator_keep_the_mask() -> None:
    flow, x = deep_flow(4), X.float()
    place = Bounded(Masked(flow, LOWER))
    z = flow.encode(x) + 0.5
    memory = start_memory(place, x, z)

    for form in (inference_form(place), inference_form(place, invertible=True)):
        assert form is not None
        decoded = decode_with(form, z, memory)
        torch.testing.assert_close(decoded, decode_with(place, z, memory))
        assert torch.equal(decoded[:, ~LOWER], x[:, ~LOWER])


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (torch.zeros(SHAPE), "must allow a change somewhere, got 0 everywhere"),
        (2 * torch.ones(SHAPE), "must be from 0 to 1 everywhere, got other values"),
        (torch.full(SHAPE, torch.nan), "must be from 0 to 1 everywhere"),
        (LOWER[0], r"the shape of one datum, \(1, 4, 4\), got \(4, 4\)"),
        (LOWER.repeat(3, 1, 1), r"one datum, \(1, 4, 4\), got \(3, 4, 4\)"),
    ],
)
def test_masks_that_do_not_fit_are_refused(mask: Tensor, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        search(X, MODEL, GOAL, Masked(tiny_flow(), mask), run=FEW)
