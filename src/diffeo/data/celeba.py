"""CelebA in its official layout: aligned faces, 40 attributes, three splits."""

import re
from pathlib import Path
from typing import TypeVar

import torch

from diffeo.data.crops import Square, center_box, cut, open_picture, stack
from diffeo.data.faces import Faces
from diffeo.data.folders import Layout, Split

__all__ = ["celeba"]

LAYOUT = Layout(
    name="CelebA",
    file="list_attr_celeba.*",
    inside=("celeba", "CelebA"),
    source="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
)
IMAGES = "img_align_celeba"
PARTS = {"0": "train", "1": "validation", "2": "test"}
WIDTH, HEIGHT, SQUARE = 178, 218, 148  # of an official image, and the square cut out
ROW = re.compile(r"\S+\.jpg\b")  # how a list begins a line on an image

Value = TypeVar("Value")


def celeba(
    split: Split,
    folder: Path | None = None,
    *,
    size: int = 64,
    margin: int = 0,
    limit: int | None = None,
) -> Faces:
    r"""Read the faces of one split.

    The square of 148 pixels in the middle of each image of 178×218 is resized, or the
    same share of an image of another size. Trainings that crop at random read a margin
    around that square, whose pixels stay the same.

    Source: Liu, Luo, Wang and Tang, 2015, Deep Learning Face Attributes in the Wild.

    Args:
        split: Which of the official parts.
        folder: The folder of img_align_celeba, list_attr_celeba.txt and
            list_eval_partition.txt (or the same lists as .csv), or one above it; the
            environment variable DIFFEO_DATA if not given.
        size: Side of the square in pixels of the result.
        margin: Pixels of the result on each side of the square, so that images are
            `size` + 2 `margin` pixels high and wide; at most a tenth of `size`.
        limit: Most images, the first ones; all if not given.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a list or an image is malformed, or the margin leaves the image.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> with TemporaryDirectory() as folder:
        ...     root = Path(folder)
        ...     (root / IMAGES).mkdir()
        ...     Image.new("RGB", (178, 218)).save(root / IMAGES / "000001.jpg")
        ...     text = "1\nBald Smiling\n000001.jpg -1 1\n"
        ...     _ = (root / "list_attr_celeba.txt").write_text(text)
        ...     _ = (root / "list_eval_partition.txt").write_text("000001.jpg 2\n")
        ...     faces = celeba("test", root)
        >>> faces.pixels.shape, faces.attributes
        (torch.Size([1, 3, 64, 64]), tensor([[False,  True]]))
    """

    side = size + 2 * margin

    if size < 1 or margin < 0 or side * SQUARE > size * WIDTH:
        raise ValueError(
            f"margin must be from 0 to {(WIDTH - SQUARE) * size // (2 * SQUARE)} for "
            f"images of {size} pixels, got {margin}"
        )

    root = LAYOUT.find(folder)
    parts, _ = _read_list(root, "list_eval_partition", PARTS)
    attributes, names = _read_list(root, "list_attr_celeba", {"1": True, "-1": False})
    files = [file for file, part in parts.items() if part == [split]][:limit]

    for file in files or ["any image"]:
        if file not in attributes:
            raise ValueError(
                f"{root} must list the attributes of each image of its {split} part, "
                f"got none of {file}"
            )

    nested = root / IMAGES / IMAGES  # as some archives hold them
    images = nested if nested.is_dir() else root / IMAGES
    squares = (_read_face(images / file, side, side * SQUARE / size) for file in files)

    return Faces(
        stack(squares, len(files), (3, side, side)),
        torch.tensor([attributes[file] for file in files]),
        names,
        tuple(files),
    )


def _read_face(path: Path, size: int, side: float) -> Square:
    """Read the middle of an image, whose side is told in pixels of official images."""

    picture = open_picture(path, "RGB")
    width, height = picture[0].size

    if abs(width * HEIGHT - height * WIDTH) > 2 * HEIGHT:
        raise ValueError(
            f"{path} must be an aligned face of {WIDTH}×{HEIGHT} pixels or of this "
            f"shape, got {width}×{height}"
        )

    return cut(picture, center_box(width, height, side * width / WIDTH), size)


def _read_list(
    root: Path, stem: str, meaning: dict[str, Value]
) -> tuple[dict[str, list[Value]], tuple[str, ...]]:
    """Return the values of each image, and the names of their columns, if told."""

    path = root / f"{stem}.txt"
    path = path if path.is_file() else path.with_suffix(".csv")

    if not path.is_file():
        raise FileNotFoundError(
            f"{root} must hold the list {stem}.txt, got none; the files are at "
            f"{LAYOUT.source}"
        )

    text = path.read_text(errors="replace").replace(",", " ")
    lines = [line for line in text.splitlines() if line.strip()]
    start = next((at for at, line in enumerate(lines) if ROW.match(line)), 0)
    head = lines[start - 1].split() if start else []
    names = tuple(name for name in head if name != "image_id")
    found = {}

    for line in lines[start:]:
        file, *words = line.split()

        if len(words) != (len(names) or 1) or not meaning.keys() >= set(words):
            raise ValueError(
                f"{path} must have {len(names) or 1} of {', '.join(meaning)} for each "
                f"image, got {line[:40]!r}"
            )

        found[file] = [meaning[word] for word in words]

    return found, names
