"""Laws of the reversible backward pass, over all bijections."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from diffeo.meter import Meter
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.recipes import glow, realnvp
from diffeo.models.flow.reversible import reversible
from laws import (
    BijectionCase,
    bijections,
    deep_flow,
    disturb,
    images,
    pulled,
    tiny_flow,
)

every_bijection = pytest.mark.parametrize(
    "case", bijections(), ids=lambda case: case.name
)


def gradients(
    way: Callable[[Tensor], tuple[Tensor, Tensor]], x: Tensor, module: nn.Module
) -> list[Tensor]:
    """Values, then gradients of a curved loss in the input and all parameters."""

    x = x.clone().requires_grad_()
    y, logdet = way(x)
    loss = (y.sin() * torch.linspace(1, 2, y.numel()).reshape(y.shape)).sum()
    sources = [x, *module.parameters()]
    found = torch.autograd.grad(loss + (logdet * logdet).sum(), sources)

    return [y.detach(), logdet.detach(), *found]


@every_bijection
def test_reversible_gradients_are_those_of_autograd(case: BijectionCase) -> None:
    case.bijection.requires_grad_(requires_grad=True)
    flow = Flow(case.bijection, tuple(case.x.shape[1:]))
    other = reversible(flow).bijection
    y = case.bijection.forward(case.x)[0].detach()

    for x, one, two in (
        (case.x, case.bijection.forward, other.forward),
        (y, case.bijection.inverse, other.inverse),
    ):
        expected = gradients(one, x, case.bijection)
        found = gradients(two, x, case.bijection)

        for value, other_value in zip(found, expected, strict=True):
            torch.testing.assert_close(value, other_value, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("recipe", [glow, realnvp])
def test_a_reversible_flow_shares_its_parameters(recipe: Callable[..., Flow]) -> None:
    flow = tiny_flow(recipe)
    shared = {id(value) for value in reversible(flow).parameters()}

    assert shared == {id(value) for value in flow.parameters()}


def kept(flow: Flow) -> int:
    meter = Meter()

    with meter.watch():
        pulled(flow.decode, torch.zeros(5, 16))

    return meter.peak


def test_what_a_reversible_pass_keeps_does_not_grow_with_the_steps() -> None:
    short, long = deep_flow(2), deep_flow(8)

    assert kept(reversible(long)) == kept(reversible(short))
    assert kept(long) > 2 * kept(short)
    assert kept(long) > 2 * kept(reversible(long))


def test_the_reversible_pass_repeats_the_precision_of_the_forward_pass() -> None:
    flow = deep_flow(2)
    disturb(flow)
    z = images(3, (16,)).float()
    found = []

    for one in (flow, reversible(flow)):
        start = z.clone().requires_grad_()

        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = one.decode(start).square().sum()

        found.append(torch.autograd.grad(loss, start)[0])

    torch.testing.assert_close(found[1], found[0], rtol=0.02, atol=0.01)


def test_training_through_a_reversible_flow_trains_the_flow() -> None:
    flow = tiny_flow().requires_grad_(requires_grad=True)
    other, x = reversible(flow), images(8)
    before = flow.log_prob(x).mean().item()
    optimizer = torch.optim.SGD(flow.parameters(), 1e-3)

    for _ in range(5):
        optimizer.zero_grad()
        (-other.log_prob(x).mean()).backward()
        optimizer.step()

    assert flow.log_prob(x).mean().item() > before
