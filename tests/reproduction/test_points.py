import torch

from diffeo.models.locator import Locator
from diffeo.models.seeded import seeded
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from reproduction.mall.points import Points, heat_maps
from unchecked import unchecked_calls

NAN = torch.nan


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


def test_maps_are_one_at_points_and_zero_far_from_all() -> None:
    maps = heat_maps(torch.tensor([[[5.5, 2.5], [NAN, NAN]], [[NAN] * 2] * 2]), 16, 8)

    assert maps.shape == (2, 16, 8)
    assert maps[0].argmax() == 2 * 8 + 5
    assert maps[0].max() == 1
    assert maps[0, 2, 4] == maps[0, 2, 6] == maps[0, 1, 5] > maps[0, 1, 4]
    assert maps[0, 12:].max() < 1e-6
    assert maps[1].eq(0).all()


def test_a_small_network_learns_to_count_dots() -> None:
    x, heads = scene(240)

    with seeded(0):
        model = Locator(3, width=8, depth=2)

    module = Points(model, Schedule(rate=0.01, warmup=5), seed=0)
    train = batches(x[:200], heads[:200], size=10, seed=0)

    with unchecked_calls():
        fit(module, train, None, Fit(None, 12, average=0.9, progress=False))

    counts = heads[..., 0].isfinite().sum(1)

    with torch.no_grad():
        probability, found = module.model.map_and_count(x[200:])

    assert (found - counts[200:]).square().mean().sqrt() < 0.5
    assert (probability - heat_maps(heads[200:], 16, 16)).abs().mean() < 0.05
