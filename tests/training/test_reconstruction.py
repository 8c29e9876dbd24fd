import pytest
import torch

from diffeo.training.reconstruction import shifted
from laws import images


@pytest.mark.parametrize("most", [0, 1, 2])
def test_images_are_moved_by_a_few_pixels_and_edges_repeated(most: int) -> None:
    x = images(2, (2, 5, 6)).float()
    seen = set()

    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        moved = shifted(x, most, generator=generator)
        places = [
            (down, across)
            for down in range(-most, most + 1)
            for across in range(-most, most + 1)
            if torch.equal(moved, _by_hand(x, down, across))
        ]

        assert len(places) == 1
        seen.update(places)

    assert len(seen) > (2 * most + 1) ** 2 / 2


def _by_hand(x: torch.Tensor, down: int, across: int) -> torch.Tensor:
    rows = (torch.arange(5) + down).clamp(0, 4)
    columns = (torch.arange(6) + across).clamp(0, 5)

    return x[:, :, rows][..., columns]
