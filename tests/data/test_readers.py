import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffeo.data.idx import read_idx
from diffeo.data.images import read_images
from diffeo.data.mnist import mnist, sample_digits

SAMPLE = Path(__file__).parents[2] / "src/diffeo/data/digits"


def idx(values: np.ndarray) -> bytes:
    head = bytes((0, 0, 8, values.ndim)) + struct.pack(
        f">{values.ndim}I", *values.shape
    )

    return head + values.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny MNIST in the official layout, half of it gzipped."""

    generator = np.random.default_rng(0)

    for stem, rows in (("train", 5004), ("t10k", 3)):
        pixels = generator.integers(0, 256, (rows, 28, 28))
        labels = generator.integers(0, 10, rows)
        (tmp_path / f"{stem}-images-idx3-ubyte.gz").write_bytes(
            gzip.compress(idx(pixels))
        )
        (tmp_path / f"{stem}-labels-idx1-ubyte").write_bytes(idx(labels))

    return tmp_path


def test_the_splits_are_the_official_rows_in_order(folder: Path) -> None:
    train, validation, test = (
        mnist(s, folder) for s in ("train", "validation", "test")
    )
    pixels = read_idx(folder / "train-images-idx3-ubyte.gz")

    assert (len(train), len(validation), len(test)) == (4, 5000, 3)
    assert torch.equal(validation.pixels[0, 0], torch.tensor(pixels[4]))
    assert train.images.max() <= 1


def test_a_folder_above_is_searched(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "mnist").mkdir()
    (folder / "mnist/raw").mkdir()

    for file in list(folder.glob("*-ubyte*")):
        file.rename(folder / "mnist/raw" / file.name)

    monkeypatch.setenv("DIFFEO_DATA", str(folder))

    assert len(mnist("test")) == 3


def test_the_error_for_missing_data_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        mnist("test", tmp_path)

    monkeypatch.delenv("DIFFEO_DATA", raising=False)

    with pytest.raises(FileNotFoundError, match="--data DIR or"):
        mnist("test")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "got an empty file"),
        (b"\x89PNG....", "beginning with 00 00 08"),
        (idx(np.zeros((3, 28, 28)))[:-1], "is it truncated"),
        (idx(np.zeros((3, 28, 28)))[:9], "is it truncated"),
        (gzip.compress(idx(np.zeros((3, 28, 28))))[:-9], "broken"),
    ],
)
def test_foreign_and_truncated_files_are_named(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "t10k-images-idx3-ubyte"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=message) as caught:
        read_idx(path)

    assert str(path) in str(caught.value)


def test_labels_that_do_not_fit_are_refused(folder: Path) -> None:
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(np.array([1, 2])))

    with pytest.raises(ValueError, match="for each of 3 images"):
        mnist("test", folder)


def test_the_bundled_digits_are_the_first_official_test_digits(data: Path) -> None:
    sample, test = sample_digits(), mnist("test", data)

    assert len(sample) == 1000
    assert torch.equal(sample.pixels, test.pixels[:1000])
    assert torch.equal(sample.labels, test.labels[:1000])


def test_the_bundled_digits_come_with_attribution() -> None:
    assert "LeCun" in (SAMPLE / "README.md").read_text()


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_pictures_are_read_in_the_order_of_their_names(
    tmp_path: Path, mode: str
) -> None:
    for value, name in ((51, "b.png"), (255, "a.png")):
        Image.new(mode, (3, 2), (value,) * len(mode)).save(tmp_path / name)

    x = read_images(tmp_path)

    assert x.shape == (2, len(mode), 2, 3)
    assert x[:, 0, 0, 0].tolist() == pytest.approx([1.0, 0.2])
    assert torch.equal(read_images(tmp_path / "b.png"), x[1:])


def test_arrays_are_read_as_bytes_or_floats(tmp_path: Path) -> None:
    np.save(tmp_path / "bytes.npy", np.full((2, 3, 4), 255, np.uint8))
    np.save(tmp_path / "floats.npy", np.full((2, 3, 4, 5), 0.5))

    assert read_images(tmp_path / "bytes.npy").shape == (2, 1, 3, 4)
    assert read_images(tmp_path / "bytes.npy").max() == 1
    assert read_images(tmp_path / "floats.npy").shape == (2, 3, 4, 5)


def test_images_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none"):
        read_images(tmp_path / "none")

    with pytest.raises(ValueError, match="must hold pictures"):
        read_images(tmp_path)

    (tmp_path / "broken.png").write_bytes(b"no picture")

    with pytest.raises(ValueError, match=r"broken.png must be a picture"):
        read_images(tmp_path)

    (tmp_path / "broken.npy").write_bytes(b"no array")

    with pytest.raises(ValueError, match=r"broken.npy must be a NumPy array"):
        read_images(tmp_path / "broken.npy")


def test_pictures_of_several_sizes_are_refused(tmp_path: Path) -> None:
    Image.new("L", (3, 2)).save(tmp_path / "a.png")
    Image.new("L", (3, 3)).save(tmp_path / "b.png")

    with pytest.raises(ValueError, match="must be of one size"):
        read_images(tmp_path)
