"""Frozen networks: the same outputs, and the same gradients in the input."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from diffeo.models.flow.frozen import (
    Frozen,
    Layer,
    Position,
    Rectify,
    Residual,
    Smooth,
    frozen,
)
from diffeo.models.flow.kernels import Convolution
from diffeo.models.flow.networks import Convolutions, PlainConvolutions
from diffeo.models.seeded import seeded
from laws import disturb

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "residual": lambda: Convolutions(2, 6, side=(4, 6), width=8, blocks=2),
    "plain": lambda: PlainConvolutions(2, 6, width=12),
    "any": lambda: nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), nn.Tanh()),
}

every_network = pytest.mark.parametrize("name", NETWORKS)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).double()


@every_network
def test_freezing_changes_neither_outputs_nor_gradients(name: str) -> None:
    network = disturb(NETWORKS[name]()).double()
    x, upstream = noise(3, 2, 4, 6).requires_grad_(), noise(3, 6, 4, 6)
    expected = network(x)
    (gradient,) = torch.autograd.grad(expected, x, upstream)
    likeness = frozen(network, torch.float64)
    y, tape = likeness.run(x.detach())

    torch.testing.assert_close(y, expected.detach(), rtol=0, atol=1e-12)
    torch.testing.assert_close(
        likeness.pull(upstream, tape), gradient, rtol=0, atol=1e-12
    )


@every_network
def test_a_frozen_network_leaves_what_it_is_given(name: str) -> None:
    likeness: Frozen = frozen(disturb(NETWORKS[name]()).double(), torch.float64)
    x, upstream = noise(3, 2, 4, 6), noise(3, 6, 4, 6)
    before = x.clone(), upstream.clone()
    _, tape = likeness.run(x)
    likeness.pull(upstream, tape)

    assert torch.equal(x, before[0])
    assert torch.equal(upstream, before[1])


def test_rectified_networks_in_bfloat16_follow_their_signs() -> None:
    with seeded(0):
        network = disturb(PlainConvolutions(2, 6, width=12))

    x, upstream = noise(3, 2, 4, 6).float(), noise(3, 6, 4, 6).float()
    likeness, rough = (
        frozen(network, dtype) for dtype in (torch.float32, torch.bfloat16)
    )
    pairs = []

    for way in (likeness, rough):
        y, tape = way.run(x)
        pairs.append((y, way.pull(upstream, tape)))

    for exact, near in zip(*pairs, strict=True):
        assert 0 < (near - exact).norm() < 0.2 * exact.norm()


@pytest.mark.parametrize(
    "layer", [Position(torch.ones(4, 3, 2), torch.float64), Rectify(), Smooth()]
)
def test_a_layer_may_stand_first_and_last_in_a_residual_one(layer: Layer) -> None:
    x, upstream = noise(2, 4, 3, 2), noise(2, 4, 3, 2)
    inner: list[Tensor] = []
    outer: list[Tensor] = []
    expected = layer.run(x.clone(), inner) + x
    gradient = layer.pull(upstream.clone(), inner) + upstream
    residual = Residual(layer)

    torch.testing.assert_close(residual.run(x.clone(), outer), expected)
    torch.testing.assert_close(residual.pull(upstream.clone(), outer), gradient)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("width", [6, 7])
@pytest.mark.parametrize("channels", [1, 8, 9])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_kernels_of_any_size_convolve(
    kernel: int, channels: int, width: int, *, bias: bool
) -> None:
    convolution = nn.Conv2d(5, channels, kernel, padding=kernel // 2, bias=bias)
    convolution = convolution.double().requires_grad_(requires_grad=False)
    x, upstream = noise(2, 5, 4, width).requires_grad_(), noise(2, channels, 4, width)
    expected = convolution(x)
    (gradient,) = torch.autograd.grad(expected, x, upstream)
    still = Convolution(convolution, torch.float64)

    torch.testing.assert_close(
        still.run(x.detach(), []), expected.detach(), rtol=0, atol=1e-12
    )
    torch.testing.assert_close(still.pull(upstream, []), gradient, rtol=0, atol=1e-12)
