import pytest
import torch

from diffeo.geometry.products import jacobian
from diffeo.geometry.singular import singular, top_singular
from places import PLACES, Place

EACH = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
LATENT = 120


def bend(z: torch.Tensor) -> torch.Tensor:
    """A smooth map into a larger space, with a slowly falling spectrum."""

    generator = torch.Generator().manual_seed(3)
    first = torch.randn(LATENT, 150, generator=generator, dtype=z.dtype)
    fall = torch.arange(1, LATENT + 1, dtype=z.dtype) ** -0.7

    return torch.tanh((z * fall) @ first / 10).reshape(len(z), 15, 10)


def point() -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)

    return torch.randn(2, LATENT, generator=generator, dtype=torch.float64)


@EACH
def test_singular_vectors_rebuild_the_jacobian(place: Place) -> None:
    decode = place.coordinates.decode
    left, values, right = singular(decode, place.z)

    rebuilt = (left * values[:, None]) @ right.mT

    torch.testing.assert_close(rebuilt, jacobian(decode, place.z))
    assert (values.diff(dim=1) <= 0).all()


@EACH
def test_the_largest_of_few_values_are_exact(place: Place) -> None:
    decode = place.coordinates.decode
    generator = torch.Generator().manual_seed(0)
    found = top_singular(decode, place.z, count=3, generator=generator)
    truth = singular(decode, place.z)

    torch.testing.assert_close(found.values, truth.values[:, :3])


def test_matrix_free_values_and_vectors_agree_with_the_dense_ones() -> None:
    z = point()
    generator = torch.Generator().manual_seed(0)
    found = top_singular(bend, z, count=8, generator=generator)
    truth = singular(bend, z)

    torch.testing.assert_close(found.values, truth.values[:, :8], rtol=1e-4, atol=0)

    aligned = (found.left * truth.left[..., :8]).sum(1).abs()
    assert aligned[:, :4].min() > 0.999
    aligned = (found.right * truth.right[..., :8]).sum(1).abs()
    assert aligned[:, :4].min() > 0.999


def test_more_values_than_coordinates_are_refused() -> None:
    generator = torch.Generator().manual_seed(0)

    with pytest.raises(ValueError, match="count must be from 1 to 120, got 121"):
        top_singular(bend, point(), count=121, generator=generator)
