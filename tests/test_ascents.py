import pytest
import torch
from torch import Tensor

from diffeo.ascents import Adam, Ascent, Ball, Box, Gradient, NormalizedGradient
from laws import ascents


def start(rows: int = 3, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)

    return torch.randn(rows, 5, generator=generator, dtype=torch.float64)


def hill(z: Tensor) -> Tensor:
    """A bumpy function of each row."""

    return (z.sin() * z.new_tensor([1.0, 2.0, -1.0, 0.1, 30.0])).sum(1)


def climb(ascent: Ascent, z: Tensor, steps: int) -> list[Tensor]:
    memory, points = ascent.start(z), [z]

    for _ in range(steps):
        z = z.detach().requires_grad_()
        score = hill(z)
        (gradient,) = torch.autograd.grad(score.sum(), z)
        z, memory = ascent.step(z.detach(), score.detach(), gradient, memory)
        points.append(z)

    return points


def test_adam_agrees_with_the_reference_step_for_step() -> None:
    reference = torch.nn.Parameter(start())
    optimizer = torch.optim.Adam([reference], lr=0.1, maximize=True)

    for point in climb(Adam(0.1), start(), 25)[1:]:
        optimizer.zero_grad()
        hill(reference).sum().backward()
        optimizer.step()
        torch.testing.assert_close(point, reference.detach(), rtol=0, atol=1e-12)


def test_adam_counts_the_steps_of_each_row() -> None:
    ascent = Adam(0.1)
    early, late = start(1, seed=1), start(1, seed=2)
    alone = climb(ascent, late, 3)[-1]

    z, memory = early, ascent.start(early)
    for point in climb(ascent, early, 4)[:-1]:
        (gradient,) = torch.autograd.grad(hill(x := point.requires_grad_()).sum(), x)
        z, memory = ascent.step(point.detach(), hill(point), gradient, memory)

    both = torch.cat((z, late))
    held = tuple(map(torch.cat, zip(memory, ascent.start(late), strict=True)))

    for _ in range(3):
        both = both.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(hill(both).sum(), both)
        both, held = ascent.step(both.detach(), hill(both).detach(), gradient, held)

    torch.testing.assert_close(both[1:], alone, rtol=0, atol=1e-12)


def test_gradient_steps_along_the_gradient() -> None:
    z, moved = climb(Gradient(0.01), start(), 1)
    slope = z.cos() * z.new_tensor([1.0, 2.0, -1.0, 0.1, 30.0])

    torch.testing.assert_close(moved, z + 0.01 * slope)


def test_normalized_gradient_steps_have_one_length() -> None:
    points = torch.stack(climb(NormalizedGradient(0.3), start(), 4))
    lengths = points.diff(dim=0).norm(dim=2)

    torch.testing.assert_close(lengths, torch.full_like(lengths, 0.3))


def test_normalized_gradient_stays_where_the_gradient_is_zero() -> None:
    z = start()
    moved, _ = NormalizedGradient(0.3).step(z, z.sum(1), torch.zeros_like(z), ())

    assert torch.equal(moved, z)


def test_box_keeps_every_coordinate_inside() -> None:
    for point in climb(Box(Gradient(1.0), -0.5, 0.7), start(), 5)[1:]:
        assert point.min() >= -0.5
        assert point.max() <= 0.7


def test_ball_keeps_every_row_near_its_start() -> None:
    points = climb(Ball(Gradient(1.0), 0.4), start(), 5)
    lengths = torch.stack([(point - points[0]).norm(dim=1) for point in points[1:]])

    assert (lengths <= 0.4 + 1e-12).all()
    assert lengths.max() > 0.39


def test_ball_leaves_short_steps_alone() -> None:
    free, held = Gradient(1e-4), Ball(Gradient(1e-4), 1.0)

    torch.testing.assert_close(climb(free, start(), 3)[-1], climb(held, start(), 3)[-1])


@pytest.mark.parametrize("ascent", ascents().values(), ids=ascents())
def test_memory_has_a_row_for_each_row(ascent: Ascent) -> None:
    z = start(4)
    _, memory = ascent.step(z, z.sum(1), torch.ones_like(z), ascent.start(z))

    assert all(len(value) == 4 for value in memory)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
@pytest.mark.parametrize("kind", [Gradient, NormalizedGradient, Adam])
def test_a_rate_that_is_not_positive_is_refused(
    kind: type[Gradient | NormalizedGradient | Adam], rate: float
) -> None:
    with pytest.raises(ValueError, match="rate must be above 0"):
        kind(rate)


def test_an_empty_box_is_refused() -> None:
    with pytest.raises(ValueError, match="low must be below high"):
        Box(Gradient(0.1), 1.0, 1.0)
