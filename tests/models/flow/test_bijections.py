"""Laws over all bijections."""

import copy
import math

import pytest
import torch

from diffeo.models.flow.bijection import DataDependent, initialize
from diffeo.models.flow.chain import Chain
from diffeo.models.flow.dequantization import BinCenter, Logit, dequantize
from diffeo.models.flow.elementwise_spline import ElementwiseSpline
from diffeo.models.flow.layers import ActivationNorm
from laws import BijectionCase, bijections, images

every_bijection = pytest.mark.parametrize(
    "case", bijections(), ids=lambda case: case.name
)


@every_bijection
def test_the_inverse_undoes_forward(case: BijectionCase) -> None:
    y, logdet = case.bijection.forward(case.x)
    x, back = case.bijection.inverse(y)

    torch.testing.assert_close(x, case.x, rtol=0, atol=1e-9)
    torch.testing.assert_close(back, -logdet, rtol=0, atol=1e-9)


@every_bijection
def test_the_log_determinant_is_that_of_the_jacobian(case: BijectionCase) -> None:
    _, logdet = case.bijection.forward(case.x)

    for row, expected in zip(case.x, logdet, strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda x: case.bijection.forward(x[None])[0].flatten(), row
        )
        found = torch.linalg.slogdet(jacobian.reshape(row.numel(), row.numel()))
        torch.testing.assert_close(found.logabsdet, expected, rtol=0, atol=1e-9)


@every_bijection
def test_gradients_reach_every_parameter(case: BijectionCase) -> None:
    parameters = dict(case.bijection.named_parameters())
    case.bijection.requires_grad_(requires_grad=True)
    y, logdet = case.bijection.forward(case.x.clone().requires_grad_())
    (y.square().sum() + logdet.square().sum()).backward()
    silent = [
        name
        for name, value in parameters.items()
        if value.grad is None or not value.grad.abs().max() > 0
    ]
    case.bijection.zero_grad()

    assert silent == []


@every_bijection
def test_a_row_does_not_depend_on_its_neighbors(case: BijectionCase) -> None:
    together, logdet = case.bijection.forward(case.x)
    alone, logdet_alone = case.bijection.forward(case.x[1:2])

    torch.testing.assert_close(alone, together[1:2], rtol=0, atol=1e-12)
    torch.testing.assert_close(logdet_alone, logdet[1:2], rtol=0, atol=1e-12)


@pytest.mark.parametrize("part", [ActivationNorm(1), ElementwiseSpline(1)])
def test_data_dependent_parts_refuse_to_run_before_they_are_initialized(
    part: DataDependent,
) -> None:
    with pytest.raises(RuntimeError, match="must be initialized with a batch of data"):
        part(images(2).float())


@pytest.mark.parametrize("part", [ActivationNorm(1), ElementwiseSpline(1)])
def test_data_dependent_parts_are_initialized_on_the_device_of_the_data(
    part: DataDependent,
) -> None:
    part = copy.deepcopy(part).to("meta")
    part.initialize(torch.empty(5, 1, 4, 4, device="meta"))

    assert part(torch.empty(2, 1, 4, 4, device="meta"))[0].device.type == "meta"


def test_activation_norm_standardizes_its_first_batch() -> None:
    x = 3 * images(50, (2, 4, 4)).float() - 7
    layer = ActivationNorm(2)
    initialize(layer, x)
    y, _ = layer(x)
    deviation, mean = torch.std_mean(y, dim=(0, 2, 3))

    torch.testing.assert_close(mean, torch.zeros(2), rtol=0, atol=1e-4)
    torch.testing.assert_close(deviation, torch.ones(2), rtol=0, atol=1e-4)


def test_the_spline_makes_its_first_batch_normal() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(400, 1, 8, 8, generator=generator).pow(2)
    layer = ElementwiseSpline(1)
    initialize(layer, x)
    y = layer(x)[0].flatten().double()
    ranks = torch.linspace(0.01, 0.99, 50, dtype=torch.float64)
    expected = torch.special.ndtri(ranks)

    torch.testing.assert_close(y.quantile(ranks), expected, rtol=0, atol=0.03)


def test_the_spline_is_linear_far_out() -> None:
    layer = ElementwiseSpline(1, bins=4)
    initialize(layer, images(50).float())
    far = torch.tensor([-50.0, -49.0, 49.0, 50.0]).reshape(4, 1, 1, 1)
    y, logdet = layer(far)
    slopes = y.flatten().diff()[[0, 2]]

    torch.testing.assert_close(slopes, logdet.exp()[[0, 2]], rtol=1e-4, atol=0)


def test_pixels_lie_at_the_centers_of_their_bins() -> None:
    pixels = torch.arange(256).reshape(256, 1, 1, 1) / 255
    centers, _ = BinCenter()(pixels)

    torch.testing.assert_close(centers * 256 - 0.5, pixels * 255, rtol=0, atol=1e-4)


def test_dequantized_pixels_fill_their_bins() -> None:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.full((1000, 1, 1, 1), 7 / 255)
    noisy, _ = BinCenter()(dequantize(pixels, generator=generator))
    place = noisy * 256 - 7

    assert place.min() >= -1e-4
    assert place.max() <= 1 + 1e-4
    assert place.std().item() == pytest.approx(math.sqrt(1 / 12), rel=0.05)


def test_initialize_reaches_parts_inside_parts() -> None:
    chain = Chain([BinCenter(), Logit(), Chain([ElementwiseSpline(1, bins=4)])])
    initialize(chain, images(50).float())

    assert all(bool(value) for value in chain.buffers())
