import itertools
import math

import pytest
import torch
from scipy.optimize import minimize_scalar

from reproduction.helix.data import (
    DISC,
    GAUSSIAN,
    Noise,
    curve,
    distance,
    helix,
    normals,
    tangents,
)


def scattered(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)

    return 4 * torch.randn(count, 3, generator=generator, dtype=torch.float64)


def nearest_by_search(point: torch.Tensor) -> float:
    """The distance by an independent minimizer from many starts."""

    def length(t: float) -> float:
        stop = torch.tensor([math.sin(t), math.cos(t), t], dtype=torch.float64)

        return float((point - stop).norm())

    marks = torch.linspace(-math.pi, math.pi, 25).tolist()
    found = [
        minimize_scalar(length, bounds=ends, method="bounded", options={"xatol": 1e-10})
        for ends in itertools.pairwise(marks)
    ]

    return min(*(float(one.fun) for one in found), length(-math.pi), length(math.pi))


def test_the_distance_is_that_of_an_independent_minimizer() -> None:
    points = scattered(40)
    truth = torch.tensor([nearest_by_search(point) for point in points]).double()

    torch.testing.assert_close(distance(points), truth, rtol=0, atol=1e-6)


def test_points_of_the_curve_have_no_distance() -> None:
    t = torch.linspace(-math.pi, math.pi, 101, dtype=torch.float64)

    assert distance(curve(t)).max() < 1e-9


def test_beyond_an_end_the_end_is_nearest() -> None:
    ends = curve(torch.tensor([-math.pi, math.pi], dtype=torch.float64))
    beyond = ends + torch.tensor([[0, 0, -3.0], [0, 0, 3.0]])

    torch.testing.assert_close(distance(beyond), torch.full((2,), 3.0).double())


def test_on_the_axis_the_distance_is_the_radius() -> None:
    axis = torch.tensor([[0.0, 0.0, 0.3]], dtype=torch.float64)

    assert distance(axis).item() == pytest.approx(1)


def test_tangents_are_unit_derivatives_of_the_curve() -> None:
    t = torch.linspace(-3, 3, 7, dtype=torch.float64)
    ahead = (curve(t + 1e-6) - curve(t - 1e-6)) / 2e-6

    torch.testing.assert_close(
        tangents(t), ahead / ahead.norm(dim=1, keepdim=True), rtol=0, atol=1e-8
    )


def test_noise_is_normal_to_the_curve_and_as_thick_as_asked() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = helix(50_000, thickness=0.1, generator=generator)
    noise = drawn.points - curve(drawn.t)

    assert (noise * tangents(drawn.t)).sum(1).abs().max() < 1e-5
    assert noise.square().sum(1).mean().item() == pytest.approx(2 * 0.1**2, rel=0.02)


def test_thin_points_are_as_far_as_their_noise() -> None:
    generator = torch.Generator().manual_seed(1)
    drawn = helix(2_000, thickness=0.002, generator=generator)
    noise = (drawn.points - curve(drawn.t)).norm(dim=1)

    torch.testing.assert_close(distance(drawn.points), noise, rtol=0, atol=1e-5)


def test_classes_are_the_halves_of_the_curve() -> None:
    generator = torch.Generator().manual_seed(2)
    drawn = helix(100, thickness=0.0, generator=generator)

    assert torch.equal(drawn.labels, drawn.points[:, 2] > 0)


def test_bounded_noise_fills_a_disc_evenly() -> None:
    generator = torch.Generator().manual_seed(3)
    drawn = helix(50_000, thickness=0.1, generator=generator, noise=DISC)
    noise = drawn.points - curve(drawn.t)
    radius = noise.norm(dim=1)

    assert (noise * tangents(drawn.t)).sum(1).abs().max() < 1e-5
    assert 0.0999 < radius.max() < 0.1 + 1e-6
    assert (radius < 0.05).double().mean().item() == pytest.approx(0.25, abs=0.01)
    assert noise.mean(0).abs().max() < 0.002


@pytest.mark.parametrize("noise", [GAUSSIAN, DISC])
def test_the_density_is_that_of_the_noise_over_the_volume_it_is_mapped_to(
    noise: Noise,
) -> None:
    generator = torch.Generator().manual_seed(4)
    drawn = helix(20, thickness=0.3, generator=generator, noise=noise)
    t = drawn.t.double()
    away = drawn.points.double() - curve(t)
    offsets = torch.stack([(away * normal).sum(1) for normal in normals(t)], dim=1)

    def place(row: torch.Tensor) -> torch.Tensor:
        inward, upward = normals(row[:1])

        return (curve(row[:1]) + row[1] * inward + row[2] * upward)[0]

    rows = torch.cat((t[:, None], offsets), dim=1)
    volumes = torch.stack([torch.func.jacrev(place)(row).det().abs() for row in rows])
    truth = noise.log_density(offsets / 0.3) - (2 * math.pi * 0.3**2 * volumes).log()

    torch.testing.assert_close(drawn.log_density.double(), truth, rtol=0, atol=1e-4)
