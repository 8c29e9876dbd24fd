from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.data.levels import to_8_bits
from diffeo.report.images import (
    common_limit,
    file_name,
    plain_name,
    signed_difference,
    write_pictures,
    write_png,
)
from laws import images
from mirrored import record_of, synthetic


@pytest.fixture(scope="module")
def record() -> Counterfactuals:
    return record_of(synthetic(3, (1, 8, 8), noise=0.1))


def read(path: Path) -> Tensor:
    with Image.open(path) as file:
        pixels = np.asarray(file, dtype=np.float32) / 255

    return torch.from_numpy(np.atleast_3d(pixels)).movedim(-1, 0)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_holds_the_image_to_8_bits(tmp_path: Path, channels: int) -> None:
    x = images(1, (channels, 5, 6)).float()
    write_png(x[0], tmp_path / "x.png")

    assert torch.equal(read(tmp_path / "x.png"), to_8_bits(x)[0])


def test_pictures_are_of_each_row_under_its_number_and_name(
    record: Counterfactuals, tmp_path: Path
) -> None:
    named = replace(record, names=("threes/a b.png", "../../etc", "ß.png"))
    write_pictures(named, tmp_path / "images")

    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == [
        "00000-threes-a-b-counterfactual.png",
        "00000-threes-a-b-factual.png",
        "00001-etc-counterfactual.png",
        "00001-etc-factual.png",
        "00002-counterfactual.png",
        "00002-factual.png",
    ]
    after = read(tmp_path / "images/00001-etc-counterfactual.png")
    assert torch.equal(after, to_8_bits(record.counterfactual)[1])


def test_pictures_of_an_earlier_record_are_removed(
    record: Counterfactuals, tmp_path: Path
) -> None:
    (tmp_path / "mine.png").write_bytes(b"")
    write_pictures(record, tmp_path)
    write_pictures(replace(record.select(torch.tensor([0])), names=("a",)), tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "00000-a-counterfactual.png",
        "00000-a-factual.png",
        "mine.png",
    ]


def test_data_that_are_no_images_are_refused_as_pictures(tmp_path: Path) -> None:
    record = record_of(synthetic(2, (5, 8, 8), noise=0.1))

    with pytest.raises(ValueError, match="one or three channels"):
        write_pictures(record, tmp_path / "images")

    assert not (tmp_path / "images").exists()


@pytest.mark.parametrize("name", ["a" * 300, "CON.png", "a/b\\c:d*?.png", "  .png", ""])
def test_a_name_is_safe_on_every_file_system(
    record: Counterfactuals, name: str
) -> None:
    stem = file_name(replace(record, names=(name,) * 3), 0)

    assert stem.startswith("00000")
    assert len(stem) <= 66
    assert not set(stem) & set('/\\:*?"<>| ')


def test_only_an_ending_is_left_out_of_a_name() -> None:
    assert plain_name("confidence 0.99") == "confidence-0.99"
    assert plain_name("a.b.tiff") == "a.b"


def test_a_difference_has_one_color_for_each_way() -> None:
    before = torch.tensor([[[0.5, 0.5, 0.5, 0.5]]])
    after = torch.tensor([[[0.5, 0.7, 0.3, 1.0]]])
    colors = (255 * signed_difference(before, after, 0.2)).round()[:, 0].T.tolist()

    assert colors[0] == [255, 255, 255]
    assert colors[1] == colors[3] == [217, 72, 15]
    assert colors[2] == [11, 85, 159]


def test_a_color_that_turns_into_another_is_no_blank_difference() -> None:
    red, blue = torch.zeros(2, 3, 1, 1)
    red[0], blue[2] = 0.4, 0.5

    assert (
        signed_difference(red, blue, 0.5).tolist()
        == signed_difference(torch.zeros(1, 1, 1), blue[2:], 0.5).tolist()
    )


def test_the_scale_of_differences_holds_nearly_all_that_changed(
    record: Counterfactuals,
) -> None:
    small = replace(record, counterfactual=record.factual + 0.04)

    lossy = replace(small, factual=record.factual.flip(-1))

    assert common_limit([small], [0, 1]) == common_limit([lossy], [0, 1]) == 0.05
    assert common_limit([small, record], [0, 1, 2]) > 0.05
    assert common_limit([small.select(torch.tensor([0]))], [1, 2]) > 0
