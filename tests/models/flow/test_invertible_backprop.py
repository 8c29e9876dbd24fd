"""Laws of the invertible backward pass, over all bijections."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from diffeo.codec import Codec
from diffeo.coordinates.protocol import Coordinates
from diffeo.meter import Meter
from diffeo.models.flow.bijection import Bijection
from diffeo.models.flow.chain import Chain
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.recipes import glow, realnvp
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


def invertible(flow: Flow) -> Flow:
    form = flow.invertible()
    assert form is not None

    return form


def decoding(flow: Flow, *, invertible: bool) -> Codec:
    form = flow.inference(invertible=invertible)
    assert form is not None

    return form


def gradients(
    way: Callable[[Tensor], tuple[Tensor, Tensor]], x: Tensor, module: nn.Module
) -> list[Tensor]:
    """Values, then gradients of a curved loss in the input and all parameters."""

    x = x.clone().requires_grad_()
    y, logdet = way(x)
    loss = (y.sin() * torch.linspace(1, 2, y.numel()).reshape(y.shape)).sum()
    wanted = [value for value in module.parameters() if value.requires_grad]
    found = torch.autograd.grad(loss + (logdet * logdet).sum(), [x, *wanted])

    return [y.detach(), logdet.detach(), *found]


@pytest.mark.parametrize("inference", [False, True])
@every_bijection
def test_gradients_are_those_of_autograd(
    case: BijectionCase, *, inference: bool
) -> None:
    case.bijection.requires_grad_(requires_grad=True)
    plain: Bijection = Chain([case.bijection])
    plain = plain.inference(torch.float64) if inference else plain
    other = plain.invertible() or plain
    y = case.bijection.forward(case.x)[0].detach()

    for x, one, two in (
        (case.x, plain.forward, other.forward),
        (y, plain.inverse, other.inverse),
    ):
        expected = gradients(one, x, plain)
        found = gradients(two, x, plain)

        for value, other_value in zip(found, expected, strict=True):
            torch.testing.assert_close(value, other_value, rtol=1e-9, atol=1e-9)


REPLAYED = [case for case in bijections() if case.bijection.steps() is not None]


def test_couplings_and_linear_layers_have_steps() -> None:
    assert len(REPLAYED) == 7


@pytest.mark.parametrize("case", REPLAYED, ids=lambda case: case.name)
def test_a_step_finds_its_input_from_its_output(case: BijectionCase) -> None:
    steps = case.bijection.steps()
    assert steps is not None
    forward, inverse = steps
    y, logdet = case.bijection.forward(case.x)

    for step, start, outputs in (
        (forward, case.x, (y, logdet)),
        (inverse, y, (case.x, -logdet)),
    ):
        replay = step.replay(outputs[0].detach())
        torch.testing.assert_close(
            replay.merge(*replay.inputs), start, rtol=1e-9, atol=1e-9
        )
        torch.testing.assert_close(replay.outputs, outputs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("recipe", [glow, realnvp])
def test_an_invertible_flow_shares_its_parameters(recipe: Callable[..., Flow]) -> None:
    flow = tiny_flow(recipe)
    shared = {id(value) for value in invertible(flow).parameters()}

    assert shared == {id(value) for value in flow.parameters()}


def test_a_parameter_used_twice_collects_both_gradients() -> None:
    coupling = next(case for case in REPLAYED if case.name == "affine coupling")
    coupling.bijection.requires_grad_(requires_grad=True)
    plain = Chain([coupling.bijection, coupling.bijection])
    other = plain.invertible()
    assert other is not None
    pairs = zip(
        gradients(other.forward, coupling.x, plain),
        gradients(plain.forward, coupling.x, plain),
        strict=True,
    )

    for found, expected in pairs:
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_frozen_parameters_get_no_gradient() -> None:
    flow = tiny_flow()
    flow.get_parameter("bijection.parts.3.parts.1.shift").requires_grad_()
    loss = invertible(flow).log_prob(images(2)).sum()
    loss.backward()
    wanting = [
        name for name, value in flow.named_parameters() if value.grad is not None
    ]

    assert wanting == ["bijection.parts.3.parts.1.shift"]


def kept(coordinates: Coordinates) -> int:
    meter = Meter()

    with meter.watch():
        pulled(coordinates.decode, torch.zeros(5, 16))

    return meter.peak


def test_what_an_invertible_flow_keeps_does_not_grow_with_the_steps() -> None:
    short, long = deep_flow(2), deep_flow(8)

    assert kept(invertible(long)) == kept(invertible(short))
    assert kept(long) > 2 * kept(short)
    assert kept(long) > 2 * kept(invertible(long))


def test_what_an_invertible_inference_form_keeps_does_not_grow_with_the_steps() -> None:
    short, long = deep_flow(2), deep_flow(8)
    least = kept(decoding(short, invertible=True))

    assert kept(decoding(long, invertible=True)) == least
    assert kept(decoding(long, invertible=False)) > 2 * least


def test_an_invertible_form_decodes_without_gradients_too() -> None:
    flow = tiny_flow()
    z = flow.encode(images(3))

    with torch.no_grad():
        x = decoding(flow, invertible=True).decode(z)

    torch.testing.assert_close(x, flow.decode(z), rtol=0, atol=1e-12)


def test_the_backward_pass_repeats_the_precision_of_the_forward_pass() -> None:
    flow = deep_flow(2)
    disturb(flow)
    z = images(3, (16,)).float()
    found = []

    for one in (flow, invertible(flow)):
        start = z.clone().requires_grad_()

        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = one.decode(start).square().sum()

        found.append(torch.autograd.grad(loss, start)[0])

    torch.testing.assert_close(found[1], found[0], rtol=0.02, atol=0.01)


def test_training_through_an_invertible_flow_trains_the_flow() -> None:
    flow = tiny_flow().requires_grad_(requires_grad=True)
    other, x = invertible(flow), images(8)
    before = flow.log_prob(x).mean().item()
    optimizer = torch.optim.SGD(flow.parameters(), 1e-3)

    for _ in range(5):
        optimizer.zero_grad()
        (-other.log_prob(x).mean()).backward()
        optimizer.step()

    assert flow.log_prob(x).mean().item() > before
