from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diffeo.data.labelled import LabelledImages, read_labelled_images
from diffeo.report.images import write_png
from laws import images


def labelled(rows: int = 12, classes: int = 3) -> LabelledImages:
    return LabelledImages(images(rows).float(), torch.arange(rows) % classes)


def test_a_folder_for_each_class_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    x = images(5).float()

    for name, rows in {"b": (3, 4), "a": (0, 1, 2)}.items():
        (tmp_path / name).mkdir()

        for row in rows:
            write_png(x[row], tmp_path / name / f"{row}.png")

    (tmp_path / ".hidden").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    found = read_labelled_images(tmp_path)

    assert found.labels.tolist() == [0, 0, 0, 1, 1]
    assert found.class_names == ("a", "b")
    torch.testing.assert_close(found.images, x, atol=0.5 / 255, rtol=0)


def test_bad_folders_are_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="labelled data must be a folder"):
        read_labelled_images(tmp_path / "none")

    (tmp_path / "a").mkdir()
    write_png(torch.zeros(1, 2, 2), tmp_path / "a" / "0.png")

    with pytest.raises(ValueError, match="at least two classes, got 1"):
        read_labelled_images(tmp_path)

    (tmp_path / "b").mkdir()
    write_png(torch.zeros(1, 2, 3), tmp_path / "b" / "0.png")

    with pytest.raises(ValueError, match=r"one size .*a/0.png of 2×2 .*b/0.png"):
        read_labelled_images(tmp_path)


def test_a_split_holds_out_the_same_share_of_each_class() -> None:
    data = labelled(24, 3)
    train, apart = data.split(4)

    assert train.labels.bincount().tolist() == [6, 6, 6]
    assert apart.labels.bincount().tolist() == [2, 2, 2]
    together = torch.cat((train.images, apart.images)).flatten(1)
    assert sorted(together.tolist()) == sorted(data.images.flatten(1).tolist())

    with pytest.raises(ValueError, match="every must be at least 2"):
        data.split(1)


def test_a_class_has_its_images_or_is_missed() -> None:
    data = labelled()

    assert data.classes == 3
    assert data.select(data.labels == 0).classes == 1
    assert replace(data, class_names=tuple("abcd")).select(slice(1)).classes == 4
    assert torch.equal(data.of(1), data.images[1::3])

    with pytest.raises(ValueError, match="images of class 3, got none"):
        data.of(3)


def test_labels_and_class_names_must_fit_the_images() -> None:
    data = labelled()

    with pytest.raises((ValueError, TypeError)):  # the shape check of tests, if first
        replace(data, labels=data.labels[:11])

    with pytest.raises(ValueError, match="one for each of 3 classes, got 2"):
        replace(data, class_names=("a", "b"))
