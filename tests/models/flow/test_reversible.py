"""Laws of the reversible backward pass, over all bijections."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.density import Flow
from diffeo.models.flow.fitting import fitting, kept_bytes
from diffeo.models.flow.recipes import Level, glow, realnvp
from diffeo.models.flow.reversible import reversible
from laws import SHAPE, BijectionCase, bijections, disturb, images, tiny_flow

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


def deep(steps: int) -> Flow:
    flow = glow(SHAPE, [Level(steps, 4), Level(steps, 4)], bins=4)
    initialize(flow, images(64).float())

    return flow.requires_grad_(requires_grad=False)


def test_what_a_reversible_pass_keeps_does_not_grow_with_the_steps() -> None:
    z = torch.zeros(5, 16)
    short, long = (kept_bytes(reversible(deep(steps)), z) for steps in (2, 8))
    plain_short, plain_long = (kept_bytes(deep(steps), z) for steps in (2, 8))

    assert long == short
    assert plain_long > 2 * plain_short


def test_the_reversible_pass_repeats_the_precision_of_the_forward_pass() -> None:
    flow = deep(2)
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


def test_the_plain_pass_is_taken_where_it_fits() -> None:
    flow, z = deep(4), torch.zeros(8, 16)
    needed = 8 * kept_bytes(flow, z[:1])

    assert fitting(flow, z, available=2 * needed) is flow

    other = fitting(flow, z, available=needed)

    assert other is not flow
    assert kept_bytes(other, z) < needed / 2
