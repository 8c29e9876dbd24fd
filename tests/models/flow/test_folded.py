"""Laws of folded flows: the same data, found faster."""

import pytest
import torch
from torch import Tensor, nn

from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.inference import prepare
from diffeo.experiments.fours import digits_flow
from diffeo.models.flow.bijection import Chain
from diffeo.models.flow.coupling import Coupling
from diffeo.models.flow.flow import Folded
from diffeo.models.flow.folded import Mix, Steps, decoder
from diffeo.models.flow.layers import ActivationNorm, InvertibleConvolution
from diffeo.models.flow.masks import Channels
from diffeo.models.flow.transforms import Affine
from laws import BijectionCase, bijections, images, pulled, tiny_flow

every_bijection = pytest.mark.parametrize(
    "case", bijections(), ids=lambda case: case.name
)


@every_bijection
def test_a_decoder_is_the_inverse_with_its_gradient(case: BijectionCase) -> None:
    y = case.bijection.forward(case.x)[0].detach()
    expected = pulled(lambda y: case.bijection.inverse(y)[0], y)
    found = pulled(decoder(case.bijection, torch.float64), y)

    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_linear_layers_become_one() -> None:
    chain = Chain([ActivationNorm(4), InvertibleConvolution(4)] * 3)
    chain.get_submodule("parts.0").initialized.fill_(True)  # type: ignore[operator]  # noqa: FBT003
    steps = decoder(chain, torch.float32)

    assert isinstance(steps, Steps)
    assert [type(step) for step in steps.decoders] == [Mix]


def test_folding_costs_the_trained_flow_no_more_than_rounding() -> None:
    flow = digits_flow()
    z = 0.7 * torch.randn(4, 784, generator=torch.Generator().manual_seed(0))
    exact, exact_gradient = pulled(flow.double().decode, z.double())
    plain, plain_gradient = pulled(flow.float().decode, z)
    found, gradient = pulled(flow.folded().decode, z)

    def error(value: Tensor, true: Tensor) -> float:
        return float((value - true).norm() / true.norm())

    assert error(found, exact) <= 2 * error(plain, exact) + 1e-7
    assert error(gradient, exact_gradient) <= 2 * error(plain_gradient, exact_gradient)


def test_networks_in_bfloat16_decode_almost_the_same_data() -> None:
    flow = digits_flow()
    z = 0.7 * torch.randn(4, 784, generator=torch.Generator().manual_seed(0))
    exact, exact_gradient = pulled(flow.decode, z)
    rough, gradient = pulled(flow.folded(torch.bfloat16).decode, z)
    likeness = torch.cosine_similarity(gradient, exact_gradient)

    assert rough.dtype == torch.float32
    assert 0 < (rough - exact).abs().mean() < 0.02
    assert likeness.min() > 0.9


def test_no_gradient_reaches_parameters_that_want_one() -> None:
    flow = tiny_flow().requires_grad_(requires_grad=True)
    z = flow.encode(images(2)).detach().requires_grad_()
    flow.folded().decode(z).sum().backward()

    assert z.grad is not None
    assert all(value.grad is None for value in flow.parameters())


def test_a_coupling_folds_whatever_network_it_has() -> None:
    network = nn.Conv2d(2, 4, 1).double().requires_grad_(requires_grad=False)
    coupling = Coupling(Channels(), Affine(), network)
    y = images(3, (4, 2, 2))

    torch.testing.assert_close(
        decoder(coupling, torch.float64)(y), coupling.inverse(y)[0], rtol=0, atol=1e-12
    )


def test_coordinates_fold_what_they_wrap_and_others_stay() -> None:
    flow, identity = tiny_flow(), Identity((1, 4, 4))
    z = flow.encode(images(2))
    bounded = Bounded(flow, low=0.3, high=0.6)
    ready = prepare(bounded)

    assert prepare(identity) is identity
    assert isinstance(ready, Bounded)
    assert isinstance(ready.coordinates, Folded)
    torch.testing.assert_close(ready.decode(z), bounded.decode(z), rtol=0, atol=1e-9)
    torch.testing.assert_close(ready.encode(images(2)), z, rtol=0, atol=1e-12)
