import itertools
import math

import pytest
import torch
from scipy.optimize import minimize_scalar

from reproduction.helix.data import curve, distance, helix, tangents


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
