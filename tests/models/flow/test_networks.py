"""Networks with constant weights: the same outputs and gradients in the input."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from diffeo.models.flow.inference.convolution import InferenceConvolution
from diffeo.models.flow.inference.network import InferenceNetwork
from diffeo.models.flow.networks import Convolutions, PlainConvolutions
from diffeo.models.seeded import seeded
from laws import disturb

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "residual": lambda: Convolutions(2, 6, side=(4, 6), width=8, blocks=2),
    "plain": lambda: PlainConvolutions(2, 6, width=12),
    "any": lambda: nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), nn.Tanh()),
    "strided": lambda: nn.Sequential(
        nn.Conv2d(2, 6, 2, stride=2), nn.ConvTranspose2d(6, 6, 2, stride=2)
    ),
}

every_network = pytest.mark.parametrize("name", NETWORKS)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).double()


def answers(network: nn.Module, x: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
    """The output, and the gradient in the input."""

    x = x.clone().requires_grad_()
    y = network(x)
    (gradient,) = torch.autograd.grad(y, x, upstream)

    return y.detach(), gradient


@every_network
def test_constant_weights_change_neither_outputs_nor_gradients(name: str) -> None:
    network = disturb(NETWORKS[name]()).double()
    x, upstream = noise(3, 2, 4, 6), noise(3, 6, 4, 6)
    form = InferenceNetwork(network, torch.float64)

    torch.testing.assert_close(
        answers(form, x, upstream), answers(network, x, upstream), rtol=0, atol=1e-12
    )


@every_network
def test_a_network_leaves_what_it_is_given(name: str) -> None:
    network = disturb(NETWORKS[name]()).double()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    x, upstream = noise(3, 2, 4, 6), noise(3, 6, 4, 6)
    answers(InferenceNetwork(network, torch.float64), x, upstream)

    assert torch.equal(x, noise(3, 2, 4, 6))
    assert torch.equal(upstream, noise(3, 6, 4, 6))
    assert all(value.requires_grad for value in network.parameters())

    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key])


@every_network
def test_networks_in_bfloat16_follow_those_in_full_precision(name: str) -> None:
    with seeded(0):
        network = disturb(NETWORKS[name]())

    x, upstream = noise(3, 2, 4, 6).float(), noise(3, 6, 4, 6).float()
    form = InferenceNetwork(network, torch.bfloat16)
    pairs = zip(answers(network, x, upstream), answers(form, x, upstream), strict=True)

    for exact, near in pairs:
        assert near.dtype == torch.float32
        assert 0 < (near - exact).norm() < 0.2 * exact.norm()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("width", [6, 7])
@pytest.mark.parametrize("channels", [1, 8, 9])
@pytest.mark.parametrize("kernel", [1, 3, 5, (1, 3), (3, 1)])
def test_kernels_of_any_size_convolve(
    kernel: int | tuple[int, int], channels: int, width: int, *, bias: bool
) -> None:
    padding = (
        kernel // 2 if isinstance(kernel, int) else (kernel[0] // 2, kernel[1] // 2)
    )
    convolution = nn.Conv2d(5, channels, kernel, padding=padding, bias=bias).double()
    x, upstream = noise(2, 5, 4, width), noise(2, channels, 4, width)
    form = InferenceNetwork(convolution, torch.float64)

    assert isinstance(form.network, InferenceConvolution)
    torch.testing.assert_close(
        answers(form, x, upstream),
        answers(convolution, x, upstream),
        rtol=0,
        atol=1e-12,
    )


@pytest.mark.parametrize(
    "convolution",
    [
        nn.Conv2d(2, 4, 3),
        nn.Conv2d(2, 4, 3, padding=2, dilation=2),
        nn.Conv2d(2, 4, 3, padding=1, groups=2),
        nn.Conv2d(2, 4, 3, padding=1, padding_mode="circular"),
        nn.Conv2d(2, 4, 3, padding="same"),
        nn.Conv2d(2, 4, 2, padding=1),
        torch.nn.utils.parametrizations.weight_norm(nn.Conv2d(2, 4, 3, padding=1)),
    ],
)
def test_other_convolutions_run_as_they_are(convolution: nn.Conv2d) -> None:
    network, x = convolution.double(), noise(2, 2, 6, 6)
    form = InferenceNetwork(network, torch.float64)

    assert type(form.network) is type(network)
    torch.testing.assert_close(form(x), network(x).detach(), rtol=0, atol=1e-12)
