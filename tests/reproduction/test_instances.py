from functools import partial

import pytest
import torch
from torch import Tensor, nn

from diffeo.models.seeded import seeded
from diffeo.training.batches import batches
from diffeo.training.fit import Fit, fit
from diffeo.training.schedule import Schedule
from laws import images
from reproduction.celeba.instances import InstanceDiscrimination, Views, found_again

STILL = Views(side=8, below=2, shift=0, zoom=0, tilt=0, light=0, hidden=0)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def faces(rows: int, side: int = 16) -> Tensor:
    return images(rows, (3, side, side)).float()


def test_the_plain_part_is_where_the_settings_say() -> None:
    x = faces(2)

    assert torch.equal(STILL.plain(x), x[..., 6:14, 4:12])


def test_without_spread_a_view_is_the_part_or_its_mirror_image_in_other_colors() -> (
    None
):
    x = faces(40).mean(1, keepdim=True).expand(-1, 3, -1, -1)  # gray stays gray
    plain = STILL.plain(x)
    errors = [
        (STILL(x, generator()) - part).abs().amax((1, 2, 3))
        for part in (plain, plain.flip(3))
    ]
    same = [error < 1e-5 for error in errors]

    assert torch.logical_or(*same).all()
    assert 5 < same[0].sum() < 35


@pytest.mark.parametrize("name", ["shift", "zoom", "tilt", "light", "hidden"])
def test_each_spread_changes_views_within_the_range(name: str) -> None:
    x = faces(2).mean(1, keepdim=True).expand(-1, 3, -1, -1)
    other = Views(**(vars(STILL) | {name: 0.5}))(x, generator())

    assert not torch.allclose(other, STILL(x, generator()), atol=1e-3)
    assert other.min() >= 0
    assert other.max() <= 1


def test_views_belong_to_their_seed_alone() -> None:
    view, x = Views(side=8), faces(3)

    assert torch.equal(view(x, generator()), view(x, generator()))


def test_a_fitted_network_finds_images_again() -> None:
    with seeded(0):
        hidden = nn.Linear(3 * 64, 64), nn.SiLU(), nn.Linear(64, 16)
        model = nn.Sequential(nn.Flatten(), *hidden)

    views = Views(side=8, shift=0.5, light=0.1, hidden=0.3)
    coarse = faces(24, side=4)
    smooth = nn.functional.interpolate(coarse, (16, 16), mode="bilinear")
    x = (smooth * 255).byte()
    found = partial(found_again, x=x / 255, views=views)
    before = found(model)
    module = InstanceDiscrimination(model, Schedule(rate=1e-2, warmup=5), views, seed=0)
    fit(
        module,
        batches(x, size=24, seed=0),
        batches(x, size=24, seed=None),
        Fit(None, 100, average=0.5, progress=False),
    )

    assert found(model) > before + 0.2
