"""CelebA is read in its official layout, or refused in a sentence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffeo.data.celeba import celeba
from diffeo.data.images import read_images

NAMES = "Blond_Hair Smiling"
SPLITS = ("0", "0", "1", "2")
FLAGS = ("-1  1", " 1 -1", " 1  1", "-1 -1")


def face(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """A smooth picture, as a JPEG can hold it."""

    coarse = np.random.default_rng(seed).integers(0, 256, (12, 10, 3), np.uint8)

    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four faces of half the official size, two of them for training."""

    (tmp_path / "img_align_celeba").mkdir()
    files = [f"{number:06d}.jpg" for number in range(1, 5)]

    for seed, file in enumerate(files):
        face((89, 109), seed).save(tmp_path / "img_align_celeba" / file, quality=95)

    rows = [f"{file} {flags}" for file, flags in zip(files, FLAGS, strict=True)]
    parts = [f"{file} {part}" for file, part in zip(files, SPLITS, strict=True)]
    (tmp_path / "list_attr_celeba.txt").write_text(
        "\n".join(["4", NAMES, *rows, ""]), newline="\r\n"
    )
    (tmp_path / "list_eval_partition.txt").write_text("\n".join([*parts, ""]))

    return tmp_path


def test_the_splits_are_the_official_ones_with_their_attributes(folder: Path) -> None:
    train, validation, test = (
        celeba(split, folder) for split in ("train", "validation", "test")
    )

    assert train.files == ("000001.jpg", "000002.jpg")
    assert (validation.files, test.files) == (("000003.jpg",), ("000004.jpg",))
    assert train.attribute_names == ("Blond_Hair", "Smiling")
    assert train.attributes.tolist() == [[False, True], [True, False]]
    assert train.pixels.shape == (2, 3, 64, 64)
    assert train.pixels.dtype == torch.uint8
    assert celeba("train", folder, limit=1).files == ("000001.jpg",)


def test_an_attribute_gives_two_classes(folder: Path) -> None:
    train = celeba("train", folder)
    blond = train.labelled("Blond_Hair")

    assert blond.labels.tolist() == [0, 1]
    assert blond.class_names == ("not Blond_Hair", "Blond_Hair")
    assert torch.equal(blond.pixels, train.pixels)

    with pytest.raises(ValueError, match="one of Blond_Hair, Smiling, got Blond"):
        train.labelled("Blond")


def test_some_faces_keep_all_that_belongs_to_them(folder: Path) -> None:
    train = celeba("train", folder)
    second = train.select(torch.tensor([False, True]))

    assert second.files == ("000002.jpg",)
    assert second.attributes.tolist() == [[True, False]]
    assert torch.equal(second.pixels, train.pixels[1:])
    assert len(train.select(slice(1))) == 1


def test_a_margin_leaves_the_pixels_of_the_square_as_they_are(folder: Path) -> None:
    wide = celeba("train", folder, margin=6).pixels
    square = celeba("train", folder).pixels
    change = (wide[..., 6:-6, 6:-6].int() - square.int()).abs()

    assert wide.shape == (2, 3, 76, 76)
    assert change.max() <= 1  # where rounding is a tie
    assert change.float().mean() < 1e-3


def test_an_official_image_is_cut_as_the_crop_of_any_picture_is(folder: Path) -> None:
    path = folder / "img_align_celeba/000004.jpg"
    face((178, 218)).save(path)
    found = celeba("test", folder).labelled("Smiling").images
    other = read_images(path, crop=148, resize=64).images
    inside = (..., slice(2, -2), slice(2, -2))  # where the filter sees no other pixels

    torch.testing.assert_close(found[inside], other[inside], atol=0.6 / 255, rtol=0)
    torch.testing.assert_close(found, other, atol=5 / 255, rtol=0)


def test_half_the_official_size_gives_nearly_the_same_pixels(folder: Path) -> None:
    small = celeba("test", folder).pixels
    face((178, 218), seed=3).save(folder / "img_align_celeba/000004.jpg", quality=95)
    large = celeba("test", folder).pixels

    assert (small.int() - large.int()).abs().float().mean() < 4


def test_lists_as_comma_separated_values_in_nested_folders_are_read_too(
    folder: Path,
) -> None:
    expected = celeba("train", folder)

    for stem, head in (
        ("list_attr_celeba", "image_id,Blond_Hair,Smiling"),
        ("list_eval_partition", "image_id,partition"),
    ):
        path = folder / f"{stem}.txt"
        rows = [line for line in path.read_text().splitlines() if ".jpg" in line]
        lines = [head, *(",".join(row.split()) for row in rows)]
        path.with_suffix(".csv").write_text("\n".join(lines))
        path.unlink()

    (folder / "img_align_celeba").rename(folder / "images")
    (folder / "img_align_celeba").mkdir()
    (folder / "images").rename(folder / "img_align_celeba/img_align_celeba")
    found = celeba("train", folder)

    assert found.attribute_names == expected.attribute_names
    assert torch.equal(found.attributes, expected.attributes)
    assert torch.equal(found.pixels, expected.pixels)


def test_the_folder_may_lie_within_the_folder_of_data(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = folder / "celeba"
    inside.mkdir()

    for path in list(folder.iterdir()):
        if path != inside:
            path.rename(inside / path.name)

    monkeypatch.setenv("DIFFEO_DATA", str(folder))

    assert len(celeba("train")) == 2


def replaced(name: str, old: str, new: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(path.read_text().replace(old, new, 1))

    return change


def of_size(width: int, height: int) -> Callable[[Path], object]:
    return lambda folder: face((width, height)).save(
        folder / "img_align_celeba/000001.jpg"
    )


ATTRIBUTES, PARTITION = "list_attr_celeba.txt", "list_eval_partition.txt"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replaced(ATTRIBUTES, "-1  1", "-1"), "2 of 1, -1 for each .* '000001.jpg -1'"),
        (replaced(ATTRIBUTES, "-1  1", "-1  0"), "2 of 1, -1 .* '000001.jpg -1  0'"),
        (replaced(ATTRIBUTES, NAMES, ""), "1 of 1, -1 for each image"),
        (replaced(ATTRIBUTES, "000001.jpg", "000009.jpg"), "train part.* 000001.jpg"),
        (replaced(PARTITION, "1.jpg 0", "1.jpg 3"), "1 of 0, 1, 2 .* '000001.jpg 3'"),
        (lambda folder: (folder / PARTITION).write_text(""), "none of any image"),
        (of_size(100, 100), "000001.jpg must be an aligned face .* got 100×100"),
        (
            lambda folder: (folder / "img_align_celeba/000001.jpg").write_text("?"),
            "000001.jpg must be a whole picture",
        ),
    ],
    ids=[
        *("short", "zero", "no names", "not listed", "no part", "empty", "square"),
        "no picture",
    ],
)
def test_what_is_malformed_is_named(
    folder: Path, change: Callable[[Path], object], message: str
) -> None:
    change(folder)

    with pytest.raises(ValueError, match=message):
        celeba("train", folder)


@pytest.mark.parametrize("name", [ATTRIBUTES, PARTITION, "img_align_celeba/000002.jpg"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(FileNotFoundError) as caught:
        celeba("train", folder)

    assert str(folder) in str(caught.value)
    assert Path(name).stem in str(caught.value)


def test_without_data_the_error_tells_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"CelebA.*{tmp_path}.*https://mmlab"):
        celeba("train", tmp_path)


@pytest.mark.parametrize(("size", "margin"), [(64, 7), (64, -1), (0, 0)])
def test_a_margin_must_lie_within_the_image(
    folder: Path, size: int, margin: int
) -> None:
    with pytest.raises(ValueError, match=f"margin must be from 0 .* got {margin}"):
        celeba("train", folder, size=size, margin=margin)


def test_real_faces_are_what_their_list_says(data: Path) -> None:
    faces = celeba("test", data, limit=200)
    blond = faces.labelled("Blond_Hair")
    black = faces.labelled("Black_Hair")
    hair = slice(0, 10), slice(20, 44)  # rows and columns

    assert faces.pixels.shape == (200, 3, 64, 64)
    assert faces.attributes.shape == (200, 40)
    assert faces.attribute_names.index("Smiling") == 31
    assert 0.05 < blond.labels.float().mean() < 0.25
    assert blond.of(1)[..., *hair].mean() > black.of(1)[..., *hair].mean() + 0.1
