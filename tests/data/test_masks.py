from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffeo.data.masks import mask_of, read_mask

SHAPE = (3, 4, 6)


def drawn(path: Path, box: tuple[int, int, int, int], scale: int, mode: str) -> Path:
    """A picture of 6×4 pixels, so many times as large, white in a box."""

    picture = Image.new(mode, (6 * scale, 4 * scale))
    left, top, right, bottom = (scale * side for side in box)
    picture.paste("white", (left, top, right, bottom))
    picture.save(path)

    return path


@pytest.mark.parametrize(
    ("name", "scale", "mode"),
    [("m.png", 1, "L"), ("m.png", 1, "1"), ("m.png", 7, "RGB"), ("m.jpg", 16, "RGB")],
)
def test_white_is_allowed_at_any_size_and_in_any_file(
    name: str, scale: int, mode: str, tmp_path: Path
) -> None:
    found = read_mask(drawn(tmp_path / name, (1, 2, 6, 4), scale, mode), SHAPE)
    wanted = torch.zeros(1, 4, 6, dtype=torch.bool)
    wanted[:, 2:, 1:] = True

    assert found["rows"] == ["......", "......", ".#####", ".#####"]
    assert torch.equal(mask_of(found), wanted)


@pytest.mark.parametrize(
    ("size", "color", "words"),
    [
        ((6, 4), "black", r"m.png, black everywhere"),
        ((6, 4), "white", r"m.png, white everywhere"),
        ((6, 6), "white", r"aspect ratio of the images, 6×4 pixels, got .* of 6×6"),
        ((6, 4), "red", r"must be black and white, got .*m.png in color"),
    ],
)
def test_masks_that_say_nothing_clear_are_refused(
    size: tuple[int, int], color: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.png"
    Image.fromarray(np.asarray(Image.new("RGB", size, color))).save(path)

    with pytest.raises(ValueError, match=words):
        read_mask(path, SHAPE)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_text("white")

    with pytest.raises(ValueError, match="must be a whole picture"):
        read_mask(tmp_path / "m.png", SHAPE)

    with pytest.raises(FileNotFoundError, match="mask must be a picture, got"):
        read_mask(tmp_path, SHAPE)


@pytest.mark.parametrize(
    "settings",
    [
        None,
        3,
        {"rows": ["##"]},
        *(
            {"name": "mask.png", "rows": rows}
            for rows in ([], ["##", "#"], ["#", 1], [1], 3)
        ),
    ],
)
def test_settings_that_are_no_mask_are_refused(settings: object) -> None:
    with pytest.raises(ValueError, match="mask must be rows of pixels"):
        mask_of(settings)
