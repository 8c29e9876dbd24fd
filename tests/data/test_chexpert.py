"""CheXpert is read in its official layout, or refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffeo.data.chexpert import Finding, Policy, chexpert
from reproduction.chest.organs import ORGANS, organ_masks

HEAD = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Cardiomegaly,Edema"
ROWS = (  # patient, study and view, then the view's name, cardiomegaly and edema
    ("patient00001/study1/view1_frontal.jpg", "Frontal", "1.0", "-1.0"),
    ("patient00001/study1/view2_lateral.jpg", "Lateral", "1.0", "-1.0"),
    ("patient00001/study2/view1_frontal.jpg", "Frontal", "-1.0", "0.0"),
    ("patient00002/study1/view1_frontal.jpg", "Frontal", "0.0", ""),
    ("jsrt/JPCLN001.png", "Frontal", "", "1.0"),
    ("nih/00000150_002.png", "Frontal", "0.0", "0.0"),
)


def write_list(path: Path, rows: tuple[tuple[str, ...], ...]) -> None:
    lines = [
        f"CheXpert-v1.0-small/train/{file},Female,68,{view},AP,,{heart},{edema}"
        for file, view, heart, edema in rows
    ]
    path.write_text("\n".join([HEAD, *lines, ""]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six X-rays, one of them lateral, each of one gray level: 0, 10, 20 ..."""

    for row, (file, *_) in enumerate(ROWS):
        path = tmp_path / "train" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (39, 32), 10 * row).save(path)

    write_list(tmp_path / "train.csv", ROWS)
    write_list(tmp_path / "valid.csv", ROWS[:1])

    return tmp_path


def test_frontal_images_whose_label_is_known_are_read(folder: Path) -> None:
    train = chexpert("train", folder)

    assert train.pixels.shape == (3, 1, 128, 128)
    assert train.pixels[:, 0, 0, 0].tolist() == [0, 30, 50]
    assert train.labels.tolist() == [1, 0, 0]
    assert train.files[0] == "train/patient00001/study1/view1_frontal.jpg"
    assert train.labelled().class_names == ("no Cardiomegaly", "Cardiomegaly")
    assert len(chexpert("validation", folder)) == 1
    assert len(chexpert("train", folder, limit=2)) == 2


@pytest.mark.parametrize(
    ("uncertain", "blank", "labels"),
    [
        ("ignore", "ignore", [1, 0, 0]),
        ("zeros", "ignore", [1, 0, 0, 0]),
        ("ones", "ignore", [1, 1, 0, 0]),
        ("ones", "zeros", [1, 1, 0, 0, 0]),
        ("ignore", "ones", [1, 0, 1, 0]),
    ],
)
def test_what_is_not_known_is_absent_present_or_left_out(
    folder: Path, uncertain: Policy, blank: Policy, labels: list[int]
) -> None:
    finding = Finding(uncertain=uncertain, blank=blank)

    assert chexpert("train", folder, finding=finding).labels.tolist() == labels


def test_another_finding_and_lateral_views_are_read_on_request(folder: Path) -> None:
    edema = Finding("Edema", uncertain="ones")
    views = ("Frontal", "Lateral")
    train = chexpert("train", folder, finding=edema, views=views, size=16)

    assert train.labels.tolist() == [1, 1, 0, 1, 0]
    assert train.pixels.shape == (5, 1, 16, 16)
    assert train.labelled().class_names == ("no Edema", "Edema")


def test_the_source_and_the_patient_are_told_by_the_file(folder: Path) -> None:
    train = chexpert("train", folder, finding=Finding(blank="zeros"))

    assert train.sources == ("chexpert", "chexpert", "jsrt", "nih")
    assert train.patients == (
        "patient00001",
        "patient00002",
        "jsrt/JPCLN001",
        "nih/00000150",
    )
    assert train.from_sources("nih", "jsrt").labels.tolist() == [0, 0]
    assert train.from_sources("jsrt").files == ("train/jsrt/JPCLN001.png",)

    with pytest.raises(ValueError, match="among chexpert, jsrt, nih, got wingspan"):
        train.from_sources("jsrt", "wingspan")


def test_the_square_in_the_middle_is_resized(folder: Path) -> None:
    levels = np.zeros((32, 40), np.uint8)
    levels[:, 4:20] = 200  # the left half of the square
    Image.fromarray(levels).save(folder / "train/nih/00000150_002.png")
    found = chexpert("train", folder, size=32).pixels[-1, 0]

    assert torch.equal(found, torch.from_numpy(levels[:, 4:36]))


def test_masks_lie_where_the_images_do(folder: Path) -> None:
    (folder / "masks/jsrt").mkdir(parents=True)

    for organ, name in enumerate(ORGANS):
        levels = np.zeros((256, 256), np.uint8)
        levels[:, 64 * organ : 64 * organ + 64] = 255
        Image.fromarray(levels).save(folder / f"masks/jsrt/JPCLN001_{name}.png")

    xrays = chexpert("train", folder, finding=Finding(blank="zeros"))
    masks = organ_masks(xrays.from_sources("jsrt"), folder)

    assert masks.shape == (1, 3, 128, 128)
    assert masks[0].sum((1, 2)).tolist() == [32 * 128] * 3
    assert masks[0, 1, :, 32:64].all()

    with pytest.raises(FileNotFoundError, match=r"nih/00000150_002_heart.png"):
        organ_masks(xrays.from_sources("nih"), folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "train.csv must have the columns .* got none called Cardiomegaly, Front"),
        ("Path,Frontal/Lateral\n", "got none called Cardiomegaly$"),
        (HEAD, "must list Frontal images with Cardiomegaly known, got none among 0"),
        (f"{HEAD}\na/b/c/d.jpg,,,Frontal,,,2.0,", "for Cardiomegaly, got .* with 2.0"),
        (f"{HEAD}\na/b/c/d.jpg,,,Frontal", "for Cardiomegaly, got .* with None"),
        (f"{HEAD}\nd.jpg,,,Frontal,,,1.0,", "must have a Path like .* got d.jpg"),
    ],
    ids=["empty", "columns", "no rows", "label", "cut short", "path"],
)
def test_a_malformed_list_is_named(folder: Path, text: str, message: str) -> None:
    (folder / "train.csv").write_text(text)

    with pytest.raises(ValueError, match=message):
        chexpert("train", folder)


def test_missing_files_are_named(folder: Path, tmp_path: Path) -> None:
    (folder / "valid.csv").unlink()
    (folder / "train/nih/00000150_002.png").unlink()

    with pytest.raises(FileNotFoundError, match=r"must have the list .*valid.csv"):
        chexpert("validation", folder)

    with pytest.raises(FileNotFoundError, match=r"nih/00000150_002.png must be a pic"):
        chexpert("train", folder)

    with pytest.raises(FileNotFoundError, match=r"CheXpert.*https://stanfordmlgroup"):
        chexpert("train", tmp_path / "train")


def test_a_real_heart_is_brighter_than_the_lungs(data: Path) -> None:
    xrays = chexpert("validation", data)
    drawn = xrays.from_sources("jsrt", "wingspan")
    masks = organ_masks(drawn, data)

    assert len(xrays) == 183
    assert xrays.labels.sum() == 34
    assert len(set(xrays.from_sources("nih").patients)) == 68

    brightness = drawn.pixels[:, 0].float()
    heart, lungs = brightness[masks[:, 0]], brightness[masks[:, 1:].any(1)]

    assert heart.mean() > lungs.mean() + 50


def test_the_left_lung_is_on_the_right_of_a_real_image(data: Path) -> None:
    xrays = chexpert("validation", data, limit=20)
    masks = organ_masks(xrays, data).float()
    columns = torch.arange(128.0)
    middle = (masks.sum(2) * columns).sum(2) / masks.sum((2, 3))

    assert (middle[:, ORGANS.index("right_lung")] < 64).all()
    assert (middle[:, ORGANS.index("left_lung")] > 64).all()
