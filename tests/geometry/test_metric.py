import pytest
import torch

from diffeo.coordinates.identity import Identity
from diffeo.coordinates.linear import principal_axes
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.geometry.metric import contract, eigenvalues, inverse_metric, log_volume
from diffeo.geometry.products import vjp
from diffeo.geometry.singular import singular
from diffeo.geometry.tangent import tangent_space
from diffeo.models.flow.flow import Flow
from laws import images
from places import PLACES, Place

EACH = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
FLOWS = {
    name: place
    for name, place in PLACES.items()
    if isinstance(place.coordinates, Flow | ZukoFlow)
}


def height_gradient(x: torch.Tensor) -> torch.Tensor:
    """The gradient of a smooth function of the data."""

    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(x.shape[1:], generator=generator, dtype=x.dtype)

    return weight * (weight * x).cos()


@EACH
def test_a_small_step_in_z_moves_data_along_the_contracted_gradient(
    place: Place,
) -> None:
    decode = place.coordinates.decode
    x = decode(place.z)
    gradient = height_gradient(x)
    uphill = vjp(decode, place.z, gradient)
    direction = contract(decode, place.z, gradient)

    def error(rate: float) -> float:
        moved = decode(place.z + rate * uphill) - x

        return (moved - rate * direction).abs().max().item()

    for rate in (2e-3, 1e-3):
        assert error(rate) < 1e-12 or error(rate) >= 3.5 * error(rate / 2)


@EACH
def test_the_inverse_metric_is_symmetric_and_not_negative(place: Place) -> None:
    found = inverse_metric(place.coordinates.decode, place.z)

    torch.testing.assert_close(found, found.mT)
    assert torch.linalg.eigvalsh(found).min() > -1e-10


@EACH
def test_contraction_is_multiplication_with_the_inverse_metric(place: Place) -> None:
    decode = place.coordinates.decode
    gradient = height_gradient(decode(place.z))
    dense = inverse_metric(decode, place.z) @ gradient.flatten(1)[..., None]

    found = contract(decode, place.z, gradient)

    torch.testing.assert_close(found.flatten(1), dense[..., 0])


@EACH
def test_eigenvalues_are_those_of_the_inverse_metric(place: Place) -> None:
    found = eigenvalues(place.coordinates.decode, place.z)
    truth = torch.linalg.eigvalsh(inverse_metric(place.coordinates.decode, place.z))

    torch.testing.assert_close(found, truth.flip(1)[:, : found.shape[1]])


def test_data_space_has_the_identity_as_its_metric() -> None:
    z = torch.zeros(1, 6, dtype=torch.float64)
    found = inverse_metric(Identity((2, 3)).decode, z)

    torch.testing.assert_close(found[0], torch.eye(6, dtype=torch.float64))


def test_principal_axes_have_the_principal_subspace_as_tangent_space() -> None:
    axes = principal_axes(images(64), count=5)
    z = torch.ones(1, 5, dtype=torch.float64)
    tangent = tangent_space(singular(axes.decode, z), 5)[0]

    torch.testing.assert_close(tangent @ tangent.T, axes.axes.T @ axes.axes)


@pytest.mark.parametrize("place", FLOWS.values(), ids=FLOWS.keys())
def test_the_log_volume_of_a_flow_is_its_log_determinant(place: Place) -> None:
    flow = place.coordinates
    assert isinstance(flow, Flow | ZukoFlow)
    x = flow.decode(place.z)
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(place.z).sum(1)

    torch.testing.assert_close(
        log_volume(flow.decode, place.z), normal - flow.log_prob(x)
    )
