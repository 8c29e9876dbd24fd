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
            gzip.compress(idx(pixels), mtime=0)
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
        (gzip.compress(idx(np.zeros((3, 28, 28))), mtime=0)[:-9], "broken"),
    ],
    ids=["empty", "foreign", "truncated", "header", "gzipped"],
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

    x, names = read_images(tmp_path)
    one = read_images(str(tmp_path / "b.png"))

    assert x.shape == (2, len(mode), 2, 3)
    assert x[:, 0, 0, 0].tolist() == pytest.approx([1.0, 0.2])
    assert names == ("a.png", "b.png")
    assert torch.equal(one.images, x[1:])
    assert one.names == ("b.png",)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.full((2, 3, 4), 255, np.uint8), (1, 1, (2, 1, 3, 4))),
        (np.full((2, 3, 4), 65535, np.uint16), (1, 1, (2, 1, 3, 4))),
        (np.full((2, 3, 4, 5), 0.5), (0.5, 0.5, (2, 3, 4, 5))),
        (np.full((2, 3, 4, 5), 0.5, np.float16), (0.5, 0.5, (2, 3, 4, 5))),
        (np.linspace(-1e-6, 1 + 1e-6, 4).reshape(1, 2, 2), (0, 1, (1, 1, 2, 2))),
        (np.array([[[False, True]]]), (0, 1, (1, 1, 1, 2))),
        (np.array([[[0, 1]]]), (0, 1, (1, 1, 1, 2))),
    ],
)
def test_arrays_are_read_as_what_they_mean(
    values: np.ndarray, expected: tuple[float, float, tuple[int, ...]], tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", values)
    x, names = read_images(tmp_path / "x.npy")

    assert (x.min().item(), x.max().item(), tuple(x.shape)) == expected
    assert names == ()


def ones(*shape: int, value: float = 1, dtype: str = "float64") -> np.ndarray:
    return np.full(shape, value, dtype)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (ones(0, 28, 28), r"none of them 0, got \(0, 28, 28\)"),
        (ones(2, 0, 28, 28), r"none of them 0, got \(2, 0, 28, 28\)"),
        (ones(2, 1, 28, 0), r"none of them 0, got \(2, 1, 28, 0\)"),
        (ones(28, 28), r"images of shape .* got \(28, 28\)"),
        (ones(2, 1, 1, 28, 28), r"images of shape .* got \(2, 1, 1, 28, 28\)"),
        (ones(10, 28, 28, 1), r"move the channels with numpy.moveaxis"),
        (ones(10, 28, 28, 3), r"move the channels with numpy.moveaxis"),
        (ones(2, 3, 4, value=255), r"float64 from 255 to 255: rescale"),
        (ones(2, 3, 4, value=255, dtype="int64"), r"int64 from 255 to 255: rescale"),
        (ones(2, 3, 4, value=-1), r"values in \[0, 1\], got float64 from -1 to -1"),
        (ones(2, 3, 4, value=1.001), r"got float64 from 1.001 to 1.001"),
        (ones(2, 3, 4, value=np.nan), r"finite values, got NaN"),
        (ones(2, 3, 4, value=np.inf), r"finite values, got NaN or infinity"),
        (ones(2, 3, 4, dtype="complex64"), r"numbers, got complex64"),
        (np.array([[["a"]]]), r"numbers, got <U1"),
    ],
)
def test_arrays_that_are_no_images_are_refused(
    values: np.ndarray, message: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", values)

    with pytest.raises(ValueError, match=f"x.npy must hold .*{message}"):
        read_images(tmp_path / "x.npy")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.npy", b"no array", "must be a NumPy array"),
        ("x.npy", b"", "must be a NumPy array"),
        ("x.csv", b"1,2,3", r"must be a picture \(.png, .*\(.npy\) or an IDX file"),
        ("x.npz", b"PK\x03\x04", "must be a picture .* or an IDX file"),
        ("x", b"", "must be a picture .* or an IDX file"),
        ("x", idx(np.zeros(3)), r"must hold images of shape .* got \(3,\)"),
        ("x", idx(np.zeros((3, 2, 2)))[:-1], "is it truncated"),
        ("x.gz", gzip.compress(b"1,2,3", mtime=0), "must be an IDX file of bytes"),
    ],
)
def test_files_that_cannot_be_read_are_named(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ValueError, match=message) as caught:
        read_images(path)

    assert str(path) in str(caught.value)


def test_there_must_be_something_to_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none"):
        read_images(tmp_path / "none")

    with pytest.raises(ValueError, match="must hold pictures"):
        read_images(tmp_path)
