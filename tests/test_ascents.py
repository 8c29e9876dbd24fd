from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from diffeo.ascents import (
    LBFGS,
    Adam,
    Adaptive,
    Ascent,
    Ball,
    Box,
    Gradient,
    Momentum,
    NormalizedGradient,
    Polyak,
    Sphere,
)
from laws import ascents


def start(rows: int = 3, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)

    return torch.randn(rows, 5, generator=generator, dtype=torch.float64)


def bumpy(z: Tensor) -> Tensor:
    """A bumpy function of each row."""

    return (z.sin() * z.new_tensor([1.0, 2.0, -1.0, 0.1, 30.0])).sum(1)


def ascend(ascent: Ascent, z: Tensor, steps: int) -> list[Tensor]:
    memory, points = ascent.start(z), [z]

    for _ in range(steps):
        z = z.detach().requires_grad_()
        score = bumpy(z)
        (gradient,) = torch.autograd.grad(score.sum(), z)
        z, memory = ascent.step(z.detach(), score.detach(), gradient, memory)
        points.append(z)

    return points


def test_adam_agrees_with_the_reference_step_for_step() -> None:
    reference = torch.nn.Parameter(start())
    optimizer = torch.optim.Adam([reference], lr=0.1, maximize=True)

    for point in ascend(Adam(0.1), start(), 25)[1:]:
        optimizer.zero_grad()
        bumpy(reference).sum().backward()
        optimizer.step()
        torch.testing.assert_close(point, reference.detach(), rtol=0, atol=1e-12)


def test_adam_counts_the_steps_of_each_row() -> None:
    ascent = Adam(0.1)
    early, late = start(1, seed=1), start(1, seed=2)
    alone = ascend(ascent, late, 3)[-1]

    z, memory = early, ascent.start(early)
    for point in ascend(ascent, early, 4)[:-1]:
        (gradient,) = torch.autograd.grad(bumpy(x := point.requires_grad_()).sum(), x)
        z, memory = ascent.step(point.detach(), bumpy(point), gradient, memory)

    both = torch.cat((z, late))
    held = tuple(map(torch.cat, zip(memory, ascent.start(late), strict=True)))

    for _ in range(3):
        both = both.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(bumpy(both).sum(), both)
        both, held = ascent.step(both.detach(), bumpy(both).detach(), gradient, held)

    torch.testing.assert_close(both[1:], alone, rtol=0, atol=1e-12)


def test_gradient_steps_along_the_gradient() -> None:
    z, moved = ascend(Gradient(0.01), start(), 1)
    slope = z.cos() * z.new_tensor([1.0, 2.0, -1.0, 0.1, 30.0])

    torch.testing.assert_close(moved, z + 0.01 * slope)


def test_normalized_gradient_steps_have_one_length() -> None:
    points = torch.stack(ascend(NormalizedGradient(0.3), start(), 4))
    lengths = points.diff(dim=0).norm(dim=2)

    torch.testing.assert_close(lengths, torch.full_like(lengths, 0.3))


def test_normalized_gradient_stays_where_the_gradient_is_zero() -> None:
    z = start()
    moved, _ = NormalizedGradient(0.3).step(z, z.sum(1), torch.zeros_like(z), ())

    assert torch.equal(moved, z)


def test_box_keeps_every_coordinate_inside() -> None:
    for point in ascend(Box(Gradient(1.0), -0.5, 0.7), start(), 5)[1:]:
        assert point.min() >= -0.5
        assert point.max() <= 0.7


def test_ball_keeps_every_row_near_its_start() -> None:
    points = ascend(Ball(Gradient(1.0), 0.4), start(), 5)
    lengths = torch.stack([(point - points[0]).norm(dim=1) for point in points[1:]])

    assert (lengths <= 0.4 + 1e-12).all()
    assert lengths.max() > 0.39


def test_ball_leaves_short_steps_alone() -> None:
    free, held = Gradient(1e-4), Ball(Gradient(1e-4), 1.0)

    torch.testing.assert_close(
        ascend(free, start(), 3)[-1], ascend(held, start(), 3)[-1]
    )


@pytest.mark.parametrize("rule", [NormalizedGradient(100.0), Momentum(100.0)])
def test_polyak_comes_to_what_it_aims_at_where_the_slope_stays(rule: Ascent) -> None:
    ascent, z, slope = Polyak(rule), start(1), z_of([3.0, 0.0, 4.0, 0.0, 0.0])
    margin = (z * slope).sum(1) - 50
    moved, _ = ascent.step(z, margin, slope, ascent.start(z))

    torch.testing.assert_close((moved * slope).sum(1), z_of([50.0])[0])


def test_polyak_leaves_short_steps_alone() -> None:
    z, slope = start(), torch.ones(3, 5, dtype=torch.float64)
    far = torch.full((3,), -1e6, dtype=torch.float64)
    moved, _ = Polyak(NormalizedGradient(0.3)).step(z, far, slope, ())
    expected, _ = NormalizedGradient(0.3).step(z, far, slope, ())

    torch.testing.assert_close(moved, expected)


def test_polyak_stays_where_nothing_is_missing() -> None:
    z, slope = start(), torch.ones(3, 5, dtype=torch.float64)
    past = torch.full((3,), 2.0, dtype=torch.float64)
    moved, _ = Polyak(NormalizedGradient(9.0)).step(z, past, slope, ())

    assert torch.equal(moved, z)


def z_of(values: list[float]) -> Tensor:
    return torch.tensor([values], dtype=torch.float64)


def test_momentum_without_memory_is_the_normalized_gradient() -> None:
    one, other = Momentum(0.3, decay=0.0), NormalizedGradient(0.3)

    torch.testing.assert_close(ascend(one, start(), 5), ascend(other, start(), 5))


def test_momentum_cancels_directions_that_alternate() -> None:
    ascent, z = Momentum(1.0, decay=0.99), z_of([0.0, 0.0])
    memory, last = ascent.start(z), z

    for number in range(200):
        sign = 1.0 if number % 2 else -1.0
        last = z
        z, memory = ascent.step(z, z[:, 0], z_of([10 * sign, 1.0]), memory)

    assert (z - last)[0, 1] > 0.9


def test_an_adaptive_rate_grows_with_gains_and_falls_back_with_losses() -> None:
    ascent, z = Adaptive(0.1, growth=2.0, decline=0.5), start(1)
    slope, memory, lengths = torch.ones_like(z), ascent.start(z), []

    for margin in (0.0, 1.0, 2.0, 1.5, 1.4):
        moved, memory = ascent.step(z, z.new_tensor([margin]), slope, memory)
        lengths.append((moved - z).norm().item())

    assert lengths == pytest.approx([0.1, 0.2, 0.4, 0.2, 0.1])


def bowl(z: Tensor) -> Tensor:
    """A concave quadratic of each row, ill conditioned, with its maximum at 1."""

    return -((z - 1).square() * z.new_tensor([1.0, 3.0, 10.0, 30.0, 100.0])).sum(1) / 2


def slope_of_bowl(z: Tensor) -> Tensor:
    return -(z - 1) * z.new_tensor([1.0, 3.0, 10.0, 30.0, 100.0])


def test_quasi_newton_steps_find_a_maximum_that_gradients_miss() -> None:
    def end(ascent: Ascent) -> Tensor:
        z, memory = start(), ascent.start(start())

        for _ in range(40):
            z, memory = ascent.step(z, bowl(z), slope_of_bowl(z), memory)

        return bowl(z)

    assert (end(LBFGS(1.0, pairs=5)) > -1e-8).all()
    assert (end(Gradient(0.01)) < -1e-2).all()


def test_quasi_newton_directions_agree_with_the_dense_inverse() -> None:
    """One pair on, the direction is H ∇ with the BFGS inverse built as a matrix."""

    ascent, z = LBFGS(0.5, pairs=3), start(1)
    memory = ascent.start(z)
    after, memory = ascent.step(z, bowl(z), slope_of_bowl(z), memory)
    move = (after - z)[0]
    change = (slope_of_bowl(z) - slope_of_bowl(after))[0]
    eye = torch.eye(5, dtype=z.dtype)
    rho = 1 / (move @ change)
    left = eye - rho * torch.outer(move, change)
    scale = (move @ change) / (change @ change)
    inverse = left @ (scale * eye) @ left.T + rho * torch.outer(move, move)
    direction = inverse @ slope_of_bowl(after)[0]
    step, _ = ascent.step(after, bowl(after), slope_of_bowl(after), memory)
    expected = direction * min(1.0, 0.5 / direction.norm().item())

    torch.testing.assert_close((step - after)[0], expected)


def test_quasi_newton_keeps_pairs_that_curve_upwards_out() -> None:
    ascent, z = LBFGS(0.5), start(1)
    memory = ascent.start(z)
    z, memory = ascent.step(z, z[:, 0], z, memory)
    moved, memory = ascent.step(z, z[:, 0], z, memory)

    assert (memory[0] == 0).all()
    torch.testing.assert_close(moved, z + 0.5 * z / z.norm())


def test_sphere_keeps_the_length_of_every_row() -> None:
    points = torch.stack(ascend(Sphere(Gradient(1.0)), start(), 5))
    lengths = points.norm(dim=2)

    torch.testing.assert_close(lengths, lengths[:1].expand_as(lengths))
    assert (points[-1] - points[0]).norm(dim=1).min() > 0.1


@pytest.mark.parametrize("ascent", ascents().values(), ids=ascents())
def test_memory_has_a_row_for_each_row(ascent: Ascent) -> None:
    z = start(4)
    _, memory = ascent.step(z, z.sum(1), torch.ones_like(z), ascent.start(z))

    assert all(len(value) == 4 for value in memory)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
@pytest.mark.parametrize(
    "kind", [Gradient, NormalizedGradient, Adam, Adaptive, Momentum]
)
def test_a_rate_that_is_not_positive_is_refused(
    kind: Callable[[float], Ascent], rate: float
) -> None:
    with pytest.raises(ValueError, match="rate must be above 0"):
        kind(rate)


def test_an_empty_box_is_refused() -> None:
    with pytest.raises(ValueError, match="low must be below high"):
        Box(Gradient(0.1), 1.0, 1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Momentum(decay=1.0), r"decay must be in \[0, 1\)"),
        (lambda: Adaptive(growth=0.9), "growth must be at least 1"),
        (lambda: Adaptive(decline=0.0), r"decline must be in \(0, 1\]"),
        (lambda: LBFGS(radius=-1.0), "radius must be above 0"),
        (lambda: LBFGS(pairs=0), "pairs must be at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(
    make: Callable[[], Ascent], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make()
