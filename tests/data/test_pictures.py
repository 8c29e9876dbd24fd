"""Pictures of every kind keep their levels, or are refused in a sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from diffeo.data.images import read_images
from diffeo.data.pictures import read_picture

RAMP = np.linspace(0, 1, 784).reshape(28, 28)
DEEP = (RAMP * 65535).round()


def picture(levels: np.ndarray, path: Path) -> Path:
    Image.fromarray(levels).save(path)

    return path


def gray(*levels: int) -> Image.Image:
    return Image.fromarray(np.array([levels], np.uint8))


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("sixteen.png", DEEP.astype(np.uint16)),
        ("sixteen.tif", DEEP.astype(np.uint16)),
        ("big_endian.tif", DEEP.astype(">u2")),
        ("float.tif", RAMP.astype(np.float32)),
    ],
)
def test_more_than_256_gray_levels_are_kept(
    name: str, levels: np.ndarray, tmp_path: Path
) -> None:
    found = read_picture(picture(levels, tmp_path / name))

    np.testing.assert_allclose(found[0], RAMP, rtol=0, atol=1 / 65535)
    assert len(np.unique(found)) == 784


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".gif", ".tif"])
def test_8_bit_levels_are_what_they_were(suffix: str, tmp_path: Path) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    found = read_images(picture(levels, tmp_path / f"x{suffix}")).images

    assert torch.equal(found, torch.from_numpy(levels)[None, None].float() / 255)


def palette(colors: list[tuple[int, int, int]]) -> Image.Image:
    image = Image.new("P", (2, 1))
    image.putpalette([level for color in colors for level in color])
    image.putdata([0, 1])

    return image


GRAY_PALETTE = palette([(0, 0, 0), (51, 51, 51), (9, 8, 7)])
COLORS = palette([(255, 0, 0), (0, 51, 0)])


@pytest.mark.parametrize(
    ("image", "options", "expected"),
    [
        (gray(0, 51).convert("1"), {}, [[0, 0]]),
        (GRAY_PALETTE, {}, [[0, 0.2]]),
        (GRAY_PALETTE, {"transparency": 0}, [[1, 0.2]]),
        (COLORS, {}, [[1, 0], [0, 0.2], [0, 0]]),
        (COLORS, {"transparency": 1}, [[1, 1], [0, 1], [0, 1]]),
        (gray(0, 51), {"transparency": 51}, [[0, 1]]),
        (Image.new("LA", (2, 1), (51, 0)), {}, [[1, 1]]),
        (Image.new("LA", (2, 1), (0, 204)), {}, [[0.2, 0.2]]),
        (Image.new("LA", (2, 1), (51, 255)), {}, [[0.2, 0.2]]),
        (Image.new("RGBA", (1, 1), (0, 51, 255, 255)), {}, [[0], [0.2], [1]]),
        (Image.new("RGBA", (1, 1), (0, 51, 255, 0)), {}, [[1], [1], [1]]),
    ],
)
def test_transparent_pictures_lie_on_white_and_gray_palettes_are_gray(
    image: Image.Image,
    options: dict[str, Any],
    expected: list[list[float]],
    tmp_path: Path,
) -> None:
    image.save(tmp_path / "x.png", **options)
    found = read_picture(tmp_path / "x.png")

    np.testing.assert_allclose(found[:, 0], expected, rtol=0, atol=1e-6)


def test_colors_of_print_are_read_as_red_green_and_blue(tmp_path: Path) -> None:
    Image.new("CMYK", (2, 1), (0, 255, 255, 0)).save(tmp_path / "x.tif")

    assert read_picture(tmp_path / "x.tif")[:, 0, 0].tolist() == [1, 0, 0]


@pytest.mark.parametrize("mode", ["L", "I;16", "F"])
def test_a_picture_stands_upright_as_its_camera_tells(
    mode: str, tmp_path: Path
) -> None:
    lying = Image.new(mode, (3, 2))
    lying.putpixel((0, 0), 1)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter, clockwise
    path = tmp_path / ("x.tif" if mode == "F" else "x.png")
    lying.save(path, exif=exif)
    found = read_picture(path)

    assert found.shape == (1, 3, 2)
    assert found[0, 0, 1] == found.max() > 0


def test_of_an_animation_the_first_frame_is_read(tmp_path: Path) -> None:
    frames = [Image.new("L", (2, 2), level) for level in (51, 255)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])

    np.testing.assert_allclose(read_picture(tmp_path / "x.gif"), 0.2)


def test_hidden_and_other_files_of_a_folder_are_left_out(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG"):
        Image.new("L", (2, 2)).save(tmp_path / name)

    for name in ("._a.png", ".DS_Store", "Thumbs.db", "notes.txt"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7")

    (tmp_path / "folder").mkdir()

    assert read_images(tmp_path).names == ("a.JPG", "b.png")


def cut_short(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    content = picture(noise, path).read_bytes()
    path.write_bytes(content[: len(content) // 2])


def too_large(path: Path) -> None:
    """A few bytes that claim to be 900 million pixels."""

    Image.new("1", (8, 8)).save(path, "BMP")
    content = bytearray(path.read_bytes())
    content[18:26] = np.array([30000, 30000], "<i4").tobytes()
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("empty.png", lambda path: path.write_bytes(b""), "be a whole picture"),
        ("text.jpg", lambda path: path.write_text("hello"), "be a whole picture"),
        ("short.png", cut_short, "be a whole picture"),
        ("short.tif", cut_short, "be a whole picture"),
        ("short.jpg", cut_short, "whole picture.* truncated"),
        ("large.bmp", too_large, "900000000 pixels.* exceeds limit"),
        (
            "float.tif",
            lambda path: picture((255 * RAMP).astype(np.float32), path),
            r"values in \[0, 1\], got float32 from 0 to 255: rescale",
        ),
        (
            "long.tif",
            lambda path: picture((4095 * RAMP).astype(np.int32), path),
            r"values in \[0, 1\], got int32 from 0 to 4095: rescale",
        ),
        (
            "nan.tif",
            lambda path: picture(np.full((2, 2), np.nan, np.float32), path),
            "finite values, got NaN",
        ),
    ],
)
def test_a_picture_that_cannot_be_read_is_named_with_the_reason(
    name: str, write: Callable[[Path], object], message: str, tmp_path: Path
) -> None:
    write(tmp_path / name)

    with pytest.raises(ValueError, match=f"{name} must .*{message}"):
        read_images(tmp_path)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Image.new("L", (3, 3)), r"a.png of 3×2 pixels in gray and .*b.png of 3×3 pix"),
        (Image.new("RGB", (3, 2)), r"a.png of .* in gray and .*b.png of .* in color"),
    ],
)
def test_two_pictures_that_differ_are_named(
    other: Image.Image, message: str, tmp_path: Path
) -> None:
    Image.new("L", (3, 2)).save(tmp_path / "a.png")
    other.save(tmp_path / "b.png")

    with pytest.raises(ValueError, match=f"must be of one size .*{message}"):
        read_images(tmp_path)
