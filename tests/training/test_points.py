import math

import pytest
import torch

from diffeo.models.locator import locator
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.points import Points, weighted_hausdorff
from diffeo.training.schedule import Schedule

NAN = torch.nan
NONE = torch.full((1, 2, 2), NAN)


def points(*places: tuple[float, float]) -> torch.Tensor:
    return torch.tensor([[*places]])


def scene(count: int, side: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    """Up to three bright dots in the dark, and where they are."""

    generator = torch.Generator().manual_seed(0)
    heads = torch.full((count, 3, 2), NAN)
    x = 0.2 * torch.rand(count, 3, side, side, generator=generator)

    for row in range(count):
        for head in range(row % 4):
            across, down = torch.randint(1, side - 1, (2,), generator=generator)
            heads[row, head] = torch.stack((across, down)) + 0.5
            x[row, :, down - 1 : down + 2, across - 1 : across + 2] = 1

    return x, heads


def test_the_distance_is_that_of_the_map_to_the_points_and_back() -> None:
    there = torch.zeros(1, 8, 8)
    there[0, 2, 5] = 1.0

    assert weighted_hausdorff(there, points((5.5, 2.5), (NAN, NAN))).item() < 1e-3
    near = weighted_hausdorff(there, points((4.5, 2.5))).item()
    far = weighted_hausdorff(there, points((0.5, 2.5))).item()

    assert near == pytest.approx(1 + 64 ** (1 / 9), rel=0.01)
    assert far > 4 * near


def test_a_point_that_the_map_misses_costs_much() -> None:
    there = torch.zeros(1, 8, 8)
    there[0, 2, 5] = 1.0
    both = points((5.5, 2.5), (0.5, 7.5))
    one = weighted_hausdorff(there, both).item()
    there[0, 7, 0] = 1.0

    assert weighted_hausdorff(there, both).item() < 1e-3 < 1 < one


def test_without_points_pixels_are_as_far_as_can_be() -> None:
    there = torch.full((1, 6, 8), 0.3)

    assert weighted_hausdorff(there, NONE).item() == pytest.approx(
        math.hypot(6, 8), rel=1e-3
    )


def test_gradients_are_finite_with_and_without_points() -> None:
    there = torch.rand(2, 8, 8, requires_grad=True)
    heads = torch.cat((NONE, points((0.5, 0.5), (NAN, NAN))))
    weighted_hausdorff(there, heads).sum().backward()

    assert there.grad is not None
    assert there.grad.isfinite().all()


def test_a_small_network_learns_to_count_dots() -> None:
    x, heads = scene(240)
    module = Points(locator(3, width=8, depth=2), Schedule(rate=0.01, warmup=5), seed=0)
    fit(
        module,
        batches(x[:200], heads[:200], size=10, seed=0),
        None,
        Fit(None, 12, average=0.9, progress=False),
    )
    counts = heads[..., 0].isfinite().sum(1)

    with torch.no_grad():
        probability, found = module.model.map_and_count(x[200:])

    assert (found - counts[200:]).square().mean().sqrt() < 0.5
    assert weighted_hausdorff(probability, heads[200:])[counts[200:] > 0].mean() < 4
