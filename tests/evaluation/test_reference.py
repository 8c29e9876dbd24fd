import pytest
import torch

from diffeo.data.labelled import LabelledImages
from diffeo.data.levels import to_bytes
from diffeo.evaluation.reference import Reference


def data(rows: int, seed: int = 0) -> LabelledImages:
    """Images of 8 bits in two classes."""

    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(256, (rows, 1, 4, 4), generator=generator)

    return LabelledImages(pixels / 255, torch.arange(rows) % 2)


def test_images_of_equal_bytes_are_left_out_of_both_parts() -> None:
    train, held_out = data(6), data(4, seed=1)
    rounding = torch.tensor([0.3, -0.3])[:, None, None, None] / 255
    known = torch.cat((train.images[2:3], held_out.images[1:2])) + rounding
    found = Reference(train, held_out).without(known)

    assert torch.equal(found.train.images, train.images[[0, 1, 3, 4, 5]])
    assert found.train.labels.tolist() == [0, 1, 1, 0, 1]
    assert torch.equal(found.held_out.images, held_out.images[[0, 2, 3]])


def test_an_image_that_differs_by_one_gray_level_is_kept() -> None:
    train = data(6)
    near = train.images[:1].clone()
    near[0, 0, 0, 0] += 1 / 255 if near[0, 0, 0, 0] < 0.5 else -1 / 255

    assert len(Reference(train, data(4, seed=1)).without(near).train) == 6


def test_some_data_must_be_left() -> None:
    train = data(6)

    with pytest.raises(ValueError, match="besides the 6 that are explained, got none"):
        Reference(train, data(4, seed=1)).without(train.images)


def test_images_are_of_one_size() -> None:
    with pytest.raises(
        ValueError, match=r"like the record's, \(1, 5, 5\), got \(1, 4, 4\)"
    ):
        Reference(data(6), data(4)).without(torch.zeros(1, 1, 5, 5))


def test_bytes_are_the_nearest() -> None:
    x = torch.tensor([-0.1, 0.4, 0.6, 254.6, 300.0]).reshape(1, 1, 1, 5) / 255

    assert to_bytes(x).flatten().tolist() == [0, 0, 1, 255, 255]
