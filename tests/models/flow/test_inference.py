"""Laws of inference forms: the same data, found faster."""

import pytest
import torch
from torch import Tensor, nn

from diffeo.codec import Codec
from diffeo.models.flow.bijection import Bijection, initialize
from diffeo.models.flow.chain import Chain
from diffeo.models.flow.coupling import Coupling
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.inference.channel_affine import ChannelAffine
from diffeo.models.flow.layers import (
    ActivationNorm,
    InvertibleConvolution,
    Squeeze,
    Whiten,
)
from diffeo.models.flow.masks import Channels
from diffeo.models.flow.networks import Convolutions
from diffeo.models.flow.transforms import Affine, Transform
from laws import (
    BijectionCase,
    bijections,
    deep_flow,
    disturb,
    images,
    pulled,
    tiny_flow,
    transforms,
)
from reproduction.mnist.setup import digits_flow

every_bijection = pytest.mark.parametrize(
    "case", bijections(), ids=lambda case: case.name
)
every_transform = pytest.mark.parametrize(
    "transform", transforms().values(), ids=transforms()
)


def inference(
    flow: Flow, *, dtype: torch.dtype | None = None, invertible: bool = False
) -> Codec:
    form = flow.inference(dtype=dtype, invertible=invertible)
    assert form is not None

    return form


def error(value: Tensor, true: Tensor) -> float:
    return float((value - true).norm() / true.norm())


@every_bijection
def test_an_inference_form_decodes_alike_with_the_same_gradient(
    case: BijectionCase,
) -> None:
    y = case.bijection.forward(case.x)[0].detach()
    form = case.bijection.inference(torch.float64)
    expected = pulled(lambda y: case.bijection.inverse(y)[0], y)
    found = pulled(lambda y: form.inverse(y)[0], y)

    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@every_bijection
def test_an_inference_form_is_the_same_bijection(case: BijectionCase) -> None:
    form = case.bijection.inference(torch.float64)
    y, logdet = case.bijection.forward(case.x)

    torch.testing.assert_close(form(case.x), (y, logdet), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(form.inverse(y), (case.x, -logdet), rtol=1e-9, atol=1e-9)


@every_bijection
def test_an_inference_form_has_constants_for_parameters(case: BijectionCase) -> None:
    case.bijection.requires_grad_(requires_grad=True)
    y = case.bijection.forward(case.x)[0].detach()
    form = case.bijection.inference(torch.float64)

    assert not any(value.requires_grad for value in form.inverse(y))
    assert all(value.requires_grad for value in case.bijection.parameters())


def flow_of(transform: Transform) -> Flow:
    """A flow that knows no more of its couplings than a transform's two methods."""

    parts: list[Bijection] = [Squeeze()]

    for _ in range(2):
        network = Convolutions(
            2, 2 * transform.parameters_per_element, side=(2, 2), width=5, blocks=1
        )
        parts += [
            ActivationNorm(4),
            InvertibleConvolution(4),
            Coupling(Channels(), transform, network),
        ]

    flow = Flow(Chain([*parts, Whiten((4, 2, 2))]), (1, 4, 4))
    initialize(flow, images(64).float())
    disturb(flow)

    return flow.double()


@every_transform
def test_a_transform_of_two_methods_works_in_every_form(transform: Transform) -> None:
    flow = flow_of(transform)
    z = flow.encode(images(3)).detach()
    expected = pulled(flow.decode, z)
    invertible = flow.invertible()
    assert invertible is not None

    for form in (invertible, inference(flow), inference(flow, invertible=True)):
        found = pulled(form.decode, z)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_neighboring_affine_maps_of_the_channels_become_one() -> None:
    chain = Chain([ActivationNorm(4), InvertibleConvolution(4)] * 3)
    initialize(chain, images(20, (4, 2, 2)).float())
    form = chain.inference(torch.float32)

    assert [type(part) for part in form.parts] == [ChannelAffine]


@pytest.mark.parametrize("invertible", [False, True])
def test_an_inference_form_costs_the_trained_flow_no_more_than_rounding(
    *, invertible: bool
) -> None:
    flow = digits_flow()
    z = 0.7 * torch.randn(4, 784, generator=torch.Generator().manual_seed(0))
    exact, exact_gradient = pulled(flow.double().decode, z.double())
    plain, plain_gradient = pulled(flow.float().decode, z)
    found, gradient = pulled(inference(flow, invertible=invertible).decode, z)

    assert error(found, exact) <= 2 * error(plain, exact) + 1e-7
    assert error(gradient, exact_gradient) <= 2 * error(plain_gradient, exact_gradient)


@pytest.mark.parametrize("invertible", [False, True])
def test_networks_in_bfloat16_decode_almost_the_same_data(*, invertible: bool) -> None:
    flow = digits_flow()
    z = 0.7 * torch.randn(4, 784, generator=torch.Generator().manual_seed(0))
    exact, exact_gradient = pulled(flow.decode, z)
    form = inference(flow, dtype=torch.bfloat16, invertible=invertible)
    near, gradient = pulled(form.decode, z)
    likeness = torch.cosine_similarity(gradient, exact_gradient)

    assert near.dtype == torch.float32
    assert 0 < (near - exact).abs().mean() < 0.02
    assert likeness.min() > 0.9


def test_a_flow_encodes_in_its_own_precision_whatever_it_decodes_in() -> None:
    flow, x = tiny_flow().float(), images(2).float()
    form = inference(flow, dtype=torch.bfloat16)

    assert torch.equal(form.encode(x), flow.encode(x))
    assert not torch.equal(form.decode(flow.encode(x)), flow.decode(flow.encode(x)))


def test_no_gradient_reaches_parameters_that_want_one() -> None:
    flow = tiny_flow().requires_grad_(requires_grad=True)
    z = flow.encode(images(2)).detach().requires_grad_()
    inference(flow).decode(z).sum().backward()

    assert z.grad is not None
    assert all(value.grad is None for value in flow.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize(
    "network",
    [
        nn.Conv2d(2, 4, 1),
        nn.Sequential(nn.Flatten(), nn.Linear(8, 16), nn.Unflatten(1, (4, 2, 2))),
    ],
    ids=["convolution", "linear"],
)
def test_a_coupling_has_an_inference_form_whatever_its_network(
    network: nn.Module, dtype: torch.dtype
) -> None:
    coupling = Coupling(Channels(), Affine(), network.double())
    y = images(3, (4, 2, 2))
    exact = 1e-12 if dtype == torch.float64 else 0.1
    form = coupling.inference(dtype)

    torch.testing.assert_close(
        form.inverse(y)[0], coupling.inverse(y)[0].detach(), rtol=0, atol=exact
    )


def test_precisions_that_no_network_is_cast_to_have_no_form() -> None:
    assert tiny_flow().inference(dtype=torch.float32) is None
    assert tiny_flow().inference(dtype=torch.float64) is not None


def test_a_flow_without_invertible_parts_has_no_invertible_form() -> None:
    flow = Flow(Whiten((1, 4, 4)), (1, 4, 4))

    assert flow.invertible() is None
    assert flow.inference(invertible=True) is None
    assert flow.inference() is not None


def test_an_initialized_flow_never_waits_for_the_answer_of_its_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flow, x = deep_flow(1), images(2).float()

    def ask(_: Tensor) -> bool:
        raise AssertionError("a tensor was asked for its truth")

    monkeypatch.setattr(torch.Tensor, "__bool__", ask)

    assert flow.decode(flow.encode(x)).shape == x.shape
    assert inference(flow).decode(torch.zeros(2, 16)).shape == x.shape
