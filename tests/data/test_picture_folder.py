from pathlib import Path

import pytest
import torch

from command_line import run
from diffeo.data.images import read_images
from diffeo.data.labelled import read_labelled_images
from diffeo.report.images import write_png
from laws import images

LINES = "c.png,dog", "a.png,cat", "deep/b.png,dog"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "pictures"
    (place / "deep").mkdir(parents=True)

    for image, name in zip(images(3), ("a", "deep/b", "c"), strict=True):
        write_png(image.float(), place / f"{name}.png")

    write(place, *LINES)

    return place


def write(folder: Path, *lines: str, head: str = "file,class") -> None:
    (folder / "labels.csv").write_text("\n".join((head, *lines, "")))


def test_labels_are_those_of_the_file(folder: Path) -> None:
    data = read_labelled_images(folder)
    x, names = read_images(folder)

    assert data.class_names == ("cat", "dog")
    assert names == ("a.png", "c.png", "deep/b.png")
    assert data.labels.tolist() == [0, 1, 1]
    torch.testing.assert_close(
        data.images, images(3).float()[[0, 2, 1]], atol=0.5 / 255, rtol=0
    )
    assert torch.equal(data.images, x)


@pytest.mark.parametrize(
    ("labels", "classes", "counted"),
    [
        (("10", "9", "10"), ("9", "10"), [0, 1, 1]),
        (("10", "9", "a"), ("10", "9", "a"), [1, 0, 2]),
    ],
)
def test_classes_that_are_numbers_are_counted_by_value(
    labels: tuple[str, ...],
    classes: tuple[str, ...],
    counted: list[int],
    folder: Path,
) -> None:
    names = (line.split(",")[0] for line in LINES)
    write(folder, *map("{},{}".format, names, labels))
    data = read_labelled_images(folder)

    assert data.class_names == classes
    assert data.labels.tolist() == counted


@pytest.mark.parametrize(
    ("lines", "head", "named"),
    [
        (("x.png,cat", *LINES), "file,class", "name files of the folder, got x.png"),
        (("/etc/a.png,cat", *LINES), "file,class", "name pictures in the folder"),
        (("../a.png,cat", *LINES), "file,class", "name pictures in the folder"),
        (("labels.csv,cat", *LINES), "file,class", "name pictures in the folder"),
        ((*LINES, "a.png,cat"), "file,class", "once, got a.png twice"),
        ((*LINES[:2], "deep/b.png,"), "file,class", "got '' in row 3"),
        ((*LINES[:2], ",dog"), "file,class", "got '' in row 3"),
        (LINES[1:], "file,class", "every picture, got c.png without a class"),
        (LINES[:2], "c.png,cat", "name its columns in its first line"),
        (("a.png,cat,x",), "file,class,more", "two columns"),
        (("a.png",), "file", "two columns"),
        ((), "file,class", "rows below its names"),
        (("a.png",), "file,class", "row 1 must have a cell for each of 2"),
    ],
)
def test_labels_that_are_wrong_are_told_in_a_line(
    lines: tuple[str, ...], head: str, named: str, folder: Path, tmp_path: Path
) -> None:
    write(folder, *lines, head=head)
    out = tmp_path / "out"
    ended = run("train", str(folder), "--out", str(out))

    assert ended.code == 2, ended
    assert ended.stderr.splitlines()[-1].startswith("Error: ")
    assert named in ended.stderr
    assert "labels.csv" in ended.stderr
    assert not out.exists()


def test_pictures_beside_folders_are_a_flat_folder(folder: Path) -> None:
    (folder / "labels.csv").unlink()

    assert read_images(folder).names == ("a.png", "c.png")

    with pytest.raises(ValueError, match="at least two classes, got 0"):
        read_labelled_images(folder)
