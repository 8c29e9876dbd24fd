import torch

from reproduction.disturbance import disturbed


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_disturbed_images_are_shifted_by_an_eighth_at_most_or_blotted_out() -> None:
    x = torch.full((64, 3, 16, 16), 0.5)
    x[:, :, 8, 8] = 1
    found = disturbed(x, 1.0, generator=generator())[:, 0]
    brightest, place = found.flatten(1).max(1)
    seen = brightest > found.flatten(1).quantile(0.9, 1) + 0.2

    assert 0.5 < seen.double().mean() < 1

    for at in (place[seen] // 16, place[seen] % 16):
        assert at.unique().tolist() == [6, 7, 8, 9, 10]


def test_images_are_disturbed_row_by_row_and_some_are_not() -> None:
    x = torch.rand(64, 3, 8, 8, generator=generator(1))
    found = disturbed(x, 0.2, generator=generator())
    same = (found - x).abs().flatten(1).amax(1) < 1e-6

    assert 0.1 < same.double().mean() < 0.6
