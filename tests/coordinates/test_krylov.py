import torch

from diffeo.coordinates.krylov import arnoldi, log_form, solve

ROWS, SIZE = 3, 12
GENERATOR = torch.Generator().manual_seed(0)
NOISE = torch.randn(ROWS, SIZE, SIZE, generator=GENERATOR, dtype=torch.float64)
MATRICES = torch.eye(SIZE, dtype=torch.float64) + 0.15 * NOISE
VECTORS = torch.randn(ROWS, SIZE, generator=GENERATOR, dtype=torch.float64)


def apply(vectors: torch.Tensor) -> torch.Tensor:
    return (MATRICES @ vectors[:, :, None])[:, :, 0]


def test_the_basis_is_orthonormal_and_holds_the_map() -> None:
    space = arnoldi(apply, VECTORS, steps=5)
    products = space.basis @ space.basis.mT

    torch.testing.assert_close(products, torch.eye(6).double().expand(3, 6, 6))
    torch.testing.assert_close(
        MATRICES @ space.basis[:, :-1].mT, space.basis.mT @ space.hessenberg
    )


def test_systems_are_solved_in_the_whole_space_and_nearly_in_less() -> None:
    expected = torch.linalg.solve(MATRICES, VECTORS)

    torch.testing.assert_close(solve(apply, VECTORS, SIZE), expected)
    assert (apply(solve(apply, VECTORS, 6)) - VECTORS).norm() < 0.1 * VECTORS.norm()


def test_logarithms_are_those_of_the_whole_map() -> None:
    values, vectors = torch.linalg.eig(MATRICES)
    logarithm = (vectors @ values.log().diag_embed() @ vectors.inverse()).real
    expected = (VECTORS[:, None] @ logarithm @ VECTORS[:, :, None])[:, 0, 0]

    torch.testing.assert_close(log_form(apply, VECTORS, SIZE), expected)
    torch.testing.assert_close(log_form(apply, VECTORS, 6), expected, rtol=0, atol=0.02)


def test_a_space_that_is_exhausted_adds_nothing() -> None:
    x = torch.ones(2, 4, dtype=torch.float64)

    torch.testing.assert_close(solve(lambda v: 3 * v, x, 4), x / 3)
    torch.testing.assert_close(
        log_form(lambda v: 3 * v, x, 4), 4 * torch.tensor([3.0, 3.0]).double().log()
    )
