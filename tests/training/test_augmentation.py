import pytest
import torch

from diffeo.training.augmentation import ColorJitter, RandomCrop


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_squares_of_the_images_own_size_are_their_pixels() -> None:
    x = torch.rand(6, 3, 12, 12, generator=generator())
    crop = RandomCrop(size=8, zoom=0.0)
    found = crop(x, generator=generator())
    windows = x.unfold(2, 8, 1).unfold(3, 8, 1).permute(0, 2, 3, 1, 4, 5)
    both = torch.cat((windows, windows.flip(5)), dim=1).flatten(1, 2)
    at = (both - found[:, None]).abs().amax((2, 3, 4)).min(1)

    assert (at.values < 1e-6).all()
    assert at.indices.unique().numel() > 3


def test_half_of_the_images_are_mirrored_if_asked() -> None:
    x = torch.arange(8.0).expand(400, 1, 8, 8) / 8
    rises = RandomCrop(8, zoom=0.0)(x, generator=generator())[:, 0, 0].diff().mean(1)
    never = RandomCrop(8, zoom=0.0, mirror=False)(x, generator=generator())

    assert 150 < int((rises > 0).sum()) < 250
    assert torch.equal(never, x)


def test_sizes_differ_and_nothing_leaves_the_unit_interval() -> None:
    x = (torch.arange(20.0) % 2).expand(50, 1, 20, 20)
    found = RandomCrop(16, zoom=0.2)(x, generator=generator())

    assert found.shape == (50, 1, 16, 16)
    assert found.min() >= 0
    assert found.max() <= 1
    assert found.flatten(1).std(1).unique().numel() > 5


def test_small_images_are_told() -> None:
    with pytest.raises(ValueError, match="at least 8 pixels high and wide, got 6×9"):
        RandomCrop(8)(torch.zeros(1, 1, 6, 9), generator=generator())


def test_colors_change_a_little_each_image_in_its_own_way() -> None:
    x = 0.2 + 0.6 * torch.rand(20, 3, 6, 6, generator=generator())
    found = ColorJitter(0.1)(x, generator=generator(1))
    change = found - x
    brighter = change.mean((1, 2, 3))

    assert change.abs().max() < 0.1 + 2 * 0.1 * 0.6
    assert brighter.abs().max() <= 0.1 + 1e-6
    assert brighter.unique().numel() == 20
    torch.testing.assert_close(ColorJitter(0.0)(x, generator=generator()), x)


def test_gray_stays_gray_and_nothing_leaves_the_unit_interval() -> None:
    x = torch.rand(9, 1, 5, 5, generator=generator()).expand(9, 3, 5, 5)
    found = ColorJitter(0.4)(x, generator=generator())

    torch.testing.assert_close(found, found[:, :1].expand_as(found))
    assert found.min() >= 0
    assert found.max() <= 1
