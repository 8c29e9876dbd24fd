import pytest
import torch

from diffeo.coordinates.fixed_point import FixedPoint, fixed_point, newton_krylov


def linear(seed: int, norm: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Maps u → A u + b of three rows, with fixed points."""

    generator = torch.Generator().manual_seed(seed)
    matrices = torch.randn(3, 20, 20, generator=generator, dtype=torch.float64)
    matrices *= norm / torch.linalg.matrix_norm(matrices, ord=2)[:, None, None]
    offset = torch.randn(3, 20, generator=generator, dtype=torch.float64)
    identity = torch.eye(20, dtype=torch.float64)

    return matrices, offset, torch.linalg.solve(identity - matrices, offset)


def solve(
    matrices: torch.Tensor, offset: torch.Tensor, **settings: float
) -> torch.Tensor:
    def image(u: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return (matrices[rows] @ u[..., None])[..., 0] + offset[rows]

    found = fixed_point(image, torch.zeros_like(offset), **settings)  # type: ignore[arg-type]

    assert (found.residual <= settings["tolerance"]).all()

    return found.point


@pytest.mark.parametrize("norm", [0.1, 0.9, 1.5])
def test_fixed_points_are_found_even_where_plain_iteration_runs_away(
    norm: float,
) -> None:
    matrices, offset, expected = linear(0, norm)
    found = solve(matrices, offset, tolerance=1e-10, iterations=200, memory=20)

    torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)


def test_a_row_does_not_depend_on_the_others() -> None:
    matrices, offset, _ = linear(1, 0.8)
    together = solve(matrices, offset, tolerance=1e-8)

    for row in range(3):
        alone = solve(matrices[[row]], offset[[row]], tolerance=1e-8)
        torch.testing.assert_close(alone, together[[row]], rtol=0, atol=1e-12)


def test_what_has_no_fixed_point_ends_at_its_best_point() -> None:
    asked = []

    def away(u: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        asked.append(rows)

        return u + 1

    found = fixed_point(away, torch.zeros(1, 2), tolerance=1e-3, iterations=7)

    assert found.residual.item() >= 1 - 1e-6
    assert len(asked) <= 7


def both(rows: torch.Tensor) -> tuple[FixedPoint, FixedPoint]:
    """Where Anderson and Newton come to in a map of many slopes that bend."""

    generator = torch.Generator().manual_seed(0)
    offset = torch.randn(3, 20, generator=generator, dtype=torch.float64)[rows]
    slopes = torch.linspace(0, 10, 20, dtype=torch.float64)

    def image(u: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return offset[rows] - slopes * (u + u.sin() / 2)

    start = torch.zeros_like(offset)
    begun = fixed_point(image, start, tolerance=1e-8, memory=6)

    return begun, newton_krylov(image, begun, tolerance=1e-8)


def test_newton_converges_where_anderson_stalls() -> None:
    anderson, newton = both(torch.arange(3))

    assert (anderson.residual > 0.01).all()
    assert (newton.residual <= 1e-8).all()


def test_newton_leaves_rows_to_themselves() -> None:
    alone, together = both(torch.tensor([1]))[1], both(torch.arange(3))[1]

    torch.testing.assert_close(alone.point, together.point[[1]], rtol=0, atol=1e-9)


def test_newton_ends_where_nothing_comes_nearer() -> None:
    asked = []

    def away(u: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        asked.append(rows)

        return u + 1

    begun = fixed_point(away, torch.zeros(1, 2), tolerance=1e-3, iterations=7)

    assert newton_krylov(away, begun, tolerance=1e-3).residual == begun.residual
