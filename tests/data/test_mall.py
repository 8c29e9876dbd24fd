"""Mall is read in its official layout, or refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from diffeo.data.crowds import Grid
from diffeo.data.mall import mall, mall_heads

FRAMES = 803
TWO = Grid(side=32, step=32, top=0, left=0, rows=1, columns=2)  # side by side
HEADS = {  # of some frames, from (1, 1) on as MATLAB counts
    1: [(1.0, 1.0), (33.0, 17.0), (32.0, 32.0)],
    2: [(32.5, 1.0)],
    802: [(64.5, 1.0), (40.0, 32.5)],
}


def write_heads(path: Path, heads: dict[int, list[tuple[float, float]]]) -> None:
    cells = np.empty((1, FRAMES), object)

    for row in range(FRAMES):
        found = np.array(heads.get(row + 1, []), float).reshape(-1, 2)
        cells[0, row] = np.array([[(found,)]], dtype=[("loc", object)])

    counts = [[len(heads.get(row + 1, []))] for row in range(FRAMES)]
    savemat(path, {"frame": cells, "count": np.array(counts, np.uint8)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The heads of 803 frames, and the pictures of the first two of each part."""

    (tmp_path / "frames").mkdir()
    write_heads(tmp_path / "mall_gt.mat", HEADS)

    for number in (1, 2, 801, 802):
        levels = np.zeros((48, 96, 3), np.uint8)
        levels[:, :32, 0] = 100 + number % 100  # red, in the first patch only
        Image.fromarray(levels).save(
            tmp_path / f"frames/seq_{number:06d}.jpg", quality=95
        )

    return tmp_path


def test_the_first_800_frames_are_for_training(folder: Path) -> None:
    train = mall("train", folder, grid=TWO, size=16, limit=2)
    test = mall("test", folder, grid=TWO, size=16, limit=2)

    assert train.frames.tolist() == [1, 1, 2, 2]
    assert test.frames.tolist() == [801, 801, 802, 802]
    assert train.places.tolist() == [0, 1, 0, 1]
    assert train.pixels.shape == (4, 3, 16, 16)
    assert train.pixels[0, :, 8, 4].tolist() == pytest.approx([101, 0, 0], abs=3)
    assert train.pixels[1, :, 8, 12].tolist() == pytest.approx([0, 0, 0], abs=3)


def test_each_head_is_in_one_patch_of_those_side_by_side(folder: Path) -> None:
    train = mall("train", folder, grid=TWO, size=16, limit=2)

    assert train.counts.tolist() == [2, 1, 0, 1]
    assert train.heads[0].tolist() == [[0.25, 0.25], [15.75, 15.75]]
    assert train.heads[1, 0].tolist() == [0.25, 8.25]
    assert train.heads[3, 0].tolist() == [0, 0.25]  # on the edge: of the right one
    assert train.heads[2].isnan().all()


def test_heads_outside_of_the_patches_are_left_out(folder: Path) -> None:
    test = mall("test", folder, grid=TWO, size=32, limit=2)

    assert test.counts.tolist() == [0, 0, 0, 0]
    assert test.heads.shape == (4, 0, 2)


def test_a_head_lies_where_its_pixel_does(folder: Path) -> None:
    levels = np.zeros((48, 96, 3), np.uint8)
    levels[20:24, 40:44] = 255  # rows and columns 21 to 24, 41 to 44 in MATLAB
    Image.fromarray(levels).save(folder / "frames/seq_000001.jpg", quality=100)
    write_heads(folder / "mall_gt.mat", {1: [(42.5, 22.5)]})
    patch = mall("train", folder, grid=TWO, size=16, limit=1).select(slice(1, 2))
    x, y = patch.heads[0, 0].tolist()
    shine = patch.pixels[0].float().sum(0)
    middles = torch.arange(16) + 0.5

    assert (shine.sum(0) @ middles / shine.sum()).item() == pytest.approx(x, abs=0.1)
    assert (shine.sum(1) @ middles / shine.sum()).item() == pytest.approx(y, abs=0.1)


def test_counts_are_the_true_values_of_labelled_patches(folder: Path) -> None:
    train = mall("train", folder, grid=TWO, size=16, limit=2)
    labelled = train.labelled()
    some = train.select(train.counts > 0)

    assert labelled.labels.tolist() == [2.0, 1.0, 0.0, 1.0]
    assert torch.equal(labelled.pixels, train.pixels)
    assert (some.frames.tolist(), some.places.tolist()) == ([1, 1, 2], [0, 1, 1])
    assert some.counts.tolist() == [2, 1, 1]


def test_patches_must_lie_within_the_frame(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"within .*seq_000001.jpg of 96×48 pixels"):
        mall("train", folder, limit=1)

    with pytest.raises(ValueError, match="rows and columns must be at least 1"):
        Grid(rows=0)


def test_malformed_heads_are_named(folder: Path) -> None:
    path = folder / "mall_gt.mat"
    whole = path.read_bytes()

    for content in (b"", b"text", whole[: len(whole) // 2]):
        path.write_bytes(content)

        with pytest.raises(ValueError, match=r"mall_gt.mat must hold Mall's frame"):
            mall_heads(path)

    savemat(path, {"frame": np.zeros((1, 3)), "count": np.zeros((3, 1))})

    with pytest.raises(ValueError, match=r"mall_gt.mat must hold Mall's frame"):
        mall_heads(path)

    savemat(path, {"count": np.zeros((3, 1))})

    with pytest.raises(ValueError, match=r"as MATLAB saved them, got: KeyError"):
        mall_heads(path)


def test_heads_must_be_as_many_as_are_counted(folder: Path) -> None:
    path = folder / "mall_gt.mat"
    cells = np.empty((1, 1), object)
    cells[0, 0] = np.array([[(np.ones((2, 2)),)]], dtype=[("loc", object)])
    savemat(path, {"frame": cells, "count": np.array([[3]], np.uint8)})

    with pytest.raises(ValueError, match="3 in 1 frames, got 2 in 1"):
        mall_heads(path)

    savemat(path, {"frame": cells, "count": np.array([[2]], np.uint8)})

    with pytest.raises(ValueError, match="frames of the test part, got 1 frames"):
        mall("test", folder)


def test_missing_files_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"seq_000003.jpg must be a picture"):
        mall("train", folder, grid=TWO, size=16, limit=3)

    with pytest.raises(FileNotFoundError, match=r"Mall's files.*mall_gt.mat.*https://"):
        mall("train", tmp_path / "frames")


def test_real_patches_hold_from_few_heads_to_about_ten(data: Path) -> None:
    heads = mall_heads(data / "mall_dataset/mall_gt.mat")
    patches = mall("test", data, limit=25)

    assert (len(heads), sum(map(len, heads))) == (2000, 62315)
    assert patches.pixels.shape == (375, 3, 64, 64)
    assert patches.counts.min() <= 1
    assert 9 <= patches.counts.max() <= 20
    assert 3 < patches.counts.mean() < 7
    assert 0 <= patches.heads.nan_to_num(1).min() <= patches.heads.nan_to_num().max()
    assert patches.heads.nan_to_num().max() < 64


def test_real_heads_are_darker_than_the_floor(data: Path) -> None:
    patches = mall("test", data, limit=20)
    gray = patches.pixels.float().mean(1)
    row, head = patches.heads[..., 0].isfinite().nonzero(as_tuple=True)
    x, y = patches.heads[row, head].long().T

    assert gray[row, y, x].mean() < gray.mean() - 20
