import pytest
import torch

from diffeo.geometry.products import jacobian, jvp, jvps, vjp, vjps
from places import PLACES, Place

EACH = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)

    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@EACH
def test_the_jacobian_is_that_of_autograd(place: Place) -> None:
    found = jacobian(place.coordinates.decode, place.z)

    for row, z in zip(found, place.z, strict=True):
        truth = torch.autograd.functional.jacobian(
            lambda z: place.coordinates.decode(z[None]).flatten(), z
        )
        torch.testing.assert_close(row, truth, rtol=1e-9, atol=1e-10)


@EACH
def test_products_agree_with_the_jacobian(place: Place) -> None:
    decode = place.coordinates.decode
    dense = jacobian(decode, place.z)
    x = decode(place.z)
    v, u = random(*place.z.shape), random(*x.shape)

    moved = jvp(decode, place.z, v).flatten(1)
    pulled = vjp(decode, place.z, u)

    torch.testing.assert_close(moved, (dense @ v[..., None])[..., 0])
    torch.testing.assert_close(pulled, (dense.mT @ u.flatten(1)[..., None])[..., 0])


@EACH
def test_many_products_are_taken_in_chunks(place: Place) -> None:
    decode = place.coordinates.decode
    dense = jacobian(decode, place.z)
    v = random(2, place.z.shape[1], 5)
    u = random(2, dense.shape[1], 5)

    torch.testing.assert_close(jvps(decode, place.z, v, chunk=3), dense @ v)
    torch.testing.assert_close(vjps(decode, place.z, u, chunk=3), dense.mT @ u)


@EACH
def test_rows_are_independent(place: Place) -> None:
    decode = place.coordinates.decode
    alone = torch.cat([jacobian(decode, z) for z in place.z[:, None]])

    torch.testing.assert_close(jacobian(decode, place.z), alone, rtol=1e-9, atol=1e-9)
