import pytest
import torch

from diffeo.coordinates.linear import principal_axes
from diffeo.geometry.metric import contract, eigenvalues
from diffeo.geometry.products import Decode, jacobian, vjp
from diffeo.geometry.singular import singular
from diffeo.geometry.tangent import tangent_space
from laws import images
from places import PLACES, Place

EACH = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())


def height_gradient(x: torch.Tensor) -> torch.Tensor:
    """The gradient of a smooth function of the data."""

    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(x.shape[1:], generator=generator, dtype=x.dtype)

    return weight * (weight * x).cos()


def inverse_metric(decode: Decode, z: torch.Tensor) -> torch.Tensor:
    """The dense γ⁻¹ of each row, the data made vectors."""

    factor = jacobian(decode, z)

    return factor @ factor.mT


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


def test_principal_axes_have_the_principal_subspace_as_tangent_space() -> None:
    axes = principal_axes(images(64), count=5)
    z = torch.ones(1, 5, dtype=torch.float64)
    tangent = tangent_space(singular(axes.decode, z), 5)[0]

    torch.testing.assert_close(tangent @ tangent.T, axes.axes.T @ axes.axes)
