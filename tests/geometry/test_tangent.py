import pytest
import torch

from diffeo.geometry.singular import Singular
from diffeo.geometry.tangent import (
    neighbor_tangent,
    share_along,
    split,
    tangent_space,
)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)

    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def axes(rows: int, dimensions: int, count: int) -> torch.Tensor:
    orthonormal: torch.Tensor = torch.linalg.qr(
        random(rows, dimensions, count, seed=1)
    ).Q

    return orthonormal


def test_parts_add_up_and_are_orthogonal() -> None:
    change, tangent = random(3, 2, 4), axes(3, 8, 3)
    along, off = split(change, tangent)

    torch.testing.assert_close(along + off, change)
    torch.testing.assert_close(
        tangent.mT @ off.flatten(1)[..., None], torch.zeros(3, 3, 1).double()
    )


def test_a_change_in_the_tangent_space_has_no_other_part() -> None:
    tangent = axes(3, 8, 3)
    change = (tangent @ random(3, 3, 1))[..., 0]

    torch.testing.assert_close(split(change, tangent).along, change)
    torch.testing.assert_close(share_along(change, tangent), torch.ones(3).double())


def test_a_random_change_has_the_share_of_the_dimensions() -> None:
    tangent = axes(1, 20, 5).expand(20_000, -1, -1)
    shares = share_along(random(20_000, 20), tangent)

    assert shares.mean().item() == pytest.approx(5 / 20, abs=0.005)


def test_a_tangent_space_may_have_another_dimension_in_each_row() -> None:
    left = axes(2, 6, 4)
    found = Singular(left, random(2, 4).abs(), random(2, 4, 4))
    tangent = tangent_space(found, torch.tensor([1, 3]))

    torch.testing.assert_close(tangent[1], left[1, :, :3])
    torch.testing.assert_close(tangent[0, :, :1], left[0, :, :1])
    assert (tangent[0, :, 1:] == 0).all()


def test_a_dimension_beyond_the_singular_vectors_is_refused() -> None:
    found = Singular(axes(2, 6, 4), random(2, 4).abs(), random(2, 4, 4))

    with pytest.raises(ValueError, match="dimension must be from 1 to 4, got 5 to 5"):
        tangent_space(found, 5)


def test_neighbors_on_a_plane_have_the_plane_as_tangent_space() -> None:
    plane = axes(1, 9, 2)[0]
    data = (random(100, 2) @ plane.T).reshape(100, 3, 3)
    found = neighbor_tangent(data[:2], data, neighbors=20, dimension=2)

    for tangent in found:
        torch.testing.assert_close(tangent @ tangent.T, plane @ plane.T)


def test_the_neighbors_are_the_nearest() -> None:
    near, far = random(30, 4), 5 + 100 * random(30, 4, seed=2)
    alone = neighbor_tangent(near[:1], near, neighbors=30, dimension=2)
    among = neighbor_tangent(
        near[:1], torch.cat((far, near)), neighbors=30, dimension=2
    )

    torch.testing.assert_close(alone @ alone.mT, among @ among.mT)


def test_too_few_neighbors_are_refused() -> None:
    with pytest.raises(ValueError, match="neighbors must be above dimension 50"):
        neighbor_tangent(random(1, 4), random(60, 4), neighbors=50)
