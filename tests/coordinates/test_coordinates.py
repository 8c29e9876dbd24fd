import pytest
import torch
from sklearn.decomposition import PCA

from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.linear import principal_axes
from diffeo.coordinates.protocol import Coordinates, is_exact
from laws import SHAPE, coordinates, images


@pytest.mark.parametrize("place", coordinates().values(), ids=coordinates())
def test_encode_undoes_decode(place: Coordinates) -> None:
    z = 0.3 * place.encode(images(5, seed=2))
    back = place.encode(place.decode(z))

    torch.testing.assert_close(back, z, rtol=0, atol=1e-9)


EXACT = [name for name, place in coordinates().items() if is_exact(place)]


@pytest.mark.parametrize("name", EXACT)
def test_decode_undoes_encode_where_nothing_is_lost(name: str) -> None:
    x = images(5, seed=2)
    place = coordinates()[name]

    torch.testing.assert_close(place.decode(place.encode(x)), x, rtol=0, atol=1e-9)


def test_only_what_loses_nothing_says_that_it_is_exact() -> None:
    x = images(64)

    assert {"identity", "flow", "bounded flow", "dithered flow", "zuko flow"} == set(
        EXACT
    )
    assert is_exact(principal_axes(x, count=16))


def test_principal_axes_agree_with_the_reference() -> None:
    x = images(40)
    reference = PCA(n_components=6).fit(x.flatten(1).numpy())
    axes = principal_axes(x, count=6)
    z = axes.encode(x)

    torch.testing.assert_close(
        axes.decode(z).flatten(1),
        torch.from_numpy(
            reference.inverse_transform(reference.transform(x.flatten(1).numpy()))
        ),
    )
    torch.testing.assert_close(z.std(0), torch.ones(6, dtype=z.dtype))


@pytest.mark.parametrize("count", [0, 17, 40])
def test_there_are_only_so_many_axes(count: int) -> None:
    with pytest.raises(ValueError, match="count must be from 1 to 16"):
        principal_axes(images(40), count=count)


def test_bounded_data_are_clamped_exactly_and_pass_the_gradient() -> None:
    place = Bounded(Identity(SHAPE), 0.0, 1.0)
    z = torch.linspace(-1, 2, 16)[None].requires_grad_()
    x = place.decode(z)
    (gradient,) = torch.autograd.grad(x.sum(), z)

    assert torch.equal(x.detach().flatten(), z.detach().clamp(0, 1).flatten())
    assert torch.equal(gradient, torch.ones_like(z))


def test_identity_refuses_vectors_of_another_length() -> None:
    with pytest.raises(ValueError, match=r"must be \(batch, 16\), got \(2, 15\)"):
        Identity(SHAPE).decode(torch.zeros(2, 15))
