from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from diffeo.data.images import read_images
from diffeo.data.square import center_square

SOURCE = Path("x")


def wide() -> Tensor:
    return torch.arange(48.0).reshape(1, 1, 6, 8) / 48


def test_a_crop_takes_the_pixels_in_the_middle() -> None:
    found = center_square(wide(), SOURCE, crop=4)

    assert torch.equal(found, wide()[..., 1:5, 2:6])


def test_resizing_alone_takes_the_largest_square_in_the_middle() -> None:
    found = center_square(wide(), SOURCE, resize=6)

    assert torch.equal(found, wide()[..., 1:7])


def test_smaller_pictures_keep_the_mean_of_what_they_show() -> None:
    stripes = torch.tensor([0.0, 1.0]).tile(1, 1, 64, 32)
    found = center_square(stripes, SOURCE, resize=8)

    assert found.shape == (1, 1, 8, 8)
    assert (found - 0.5).abs().max() < 0.1


def test_larger_pictures_stay_between_black_and_white() -> None:
    edge = torch.zeros(1, 3, 4, 4)
    edge[..., 2:] = 1
    found = center_square(edge, SOURCE, resize=9)

    assert found.shape == (1, 3, 9, 9)
    assert found.min() == 0
    assert found.max() == 1


def test_pictures_of_several_sizes_are_made_one(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), "red").save(tmp_path / "a.png")
    Image.new("RGB", (21, 40), "red").save(tmp_path / "b.png")
    found = read_images(tmp_path, resize=8).images

    assert found.shape == (2, 3, 8, 8)
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=1e-6)


def test_arrays_are_cut_and_resized_too(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.repeat(wide().numpy(), 2, axis=0))

    assert read_images(tmp_path / "x.npy", crop=4).images.shape == (2, 1, 4, 4)


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ({"crop": 0}, "crop must be at least 1 pixel, got 0"),
        ({"resize": -3}, "resize must be at least 1 pixel, got -3"),
        ({"crop": 7}, "crop must be at most the shorter side of .*x.npy, 6 .* got 7"),
    ],
)
def test_sides_that_do_not_fit_are_refused(
    sides: dict[str, int], message: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", wide().numpy())

    with pytest.raises(ValueError, match=message):
        read_images(tmp_path / "x.npy", **sides)
