import pytest
import torch

from diffeo.models.seeded import seeded
from diffeo.models.unet import UNet
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from reproduction.chest.segmentation import Segmentation, dice


def squares(count: int, side: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    """Bright squares in noise, and where they are."""

    generator = torch.Generator().manual_seed(0)
    masks = torch.zeros(count, 1, side, side, dtype=torch.bool)

    for mask in masks:
        top, left = torch.randint(side - 6, (2,), generator=generator).tolist()
        mask[0, top : top + 6, left : left + 6] = True

    noise = torch.rand(masks.shape, generator=generator)

    return (noise + masks) / 2, masks


def test_overlap_is_of_areas() -> None:
    mask = torch.zeros(1, 1, 20, 20, dtype=torch.bool)
    mask[..., :10] = True
    half = mask.clone()
    half[..., :5] = False

    assert dice(mask, mask).item() == 1
    assert dice(half, mask).item() == pytest.approx(2 / 3, abs=0.01)
    assert dice(~mask, mask).item() < 0.01


def test_a_small_network_learns_to_find_squares() -> None:
    x, masks = squares(64)

    with seeded(0):
        model = UNet(1, 1, width=8, depth=2)

    module = Segmentation(model, Schedule(rate=0.01, warmup=5), seed=0)
    train = batches(x[:48], masks[:48], size=8, seed=0)
    fit(module, train, None, Fit(None, 15, average=0.9, progress=False))

    with torch.no_grad():
        found = module.right(module.model(x[48:]), masks[48:])

    assert found.mean() > 0.9
