"""Mall in its official layout: frames of one camera, cut into patches with heads."""

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from diffeo.data.crops import Box, Square, cut, open_picture, stack
from diffeo.data.crowds import CROWDED, CrowdPatches, Grid
from diffeo.data.folders import Layout
from diffeo.extras import require

__all__ = ["mall", "mall_heads"]

LAYOUT = Layout(
    name="Mall",
    file="mall_gt.mat",
    inside=("mall_dataset", "mall"),
    source="https://personal.ie.cuhk.edu.hk/~ccloy/downloads_mall_dataset.html",
)
TRAIN = 800  # of 2,000 frames, the first

Heads = npt.NDArray[np.float64]  # (heads, 2)


def mall(
    split: Literal["train", "test"],
    folder: Path | None = None,
    *,
    grid: Grid = CROWDED,
    size: int = 64,
    limit: int | None = None,
) -> CrowdPatches:
    """Read the patches of one part of the frames.

    Frames show the same place, one soon after the other, so they are split by time:
    the first 800 are for training, the other 1,200 for tests. A patch has the heads
    whose point lies in it, its left and top edge included and its right and bottom edge
    not, so that patches side by side share no head. Who has the head outside is not
    counted.

    By default the patches are squares of 128 pixels at half size: 15 in each frame, in
    the part where most people walk and have a similar size (heads are about 4 pixels of
    the patch wide). They hold 3.6 heads on average; a fifth holds at most one, one in
    thirty holds 10 or more.

    Source: Chen, Loy, Gong and Xiang, 2012, Feature Mining for Localised Crowd
    Counting.

    Args:
        split: "train" for the first 800 frames, "test" for the others.
        folder: The folder of mall_gt.mat and frames, or one above it; the environment
            variable DIFFEO_DATA if not given.
        grid: Where the patches are.
        size: Side in pixels to which patches are resized.
        limit: Most frames, the first ones; all if not given.

    Raises:
        FileNotFoundError: If a file is missing.
        ModuleNotFoundError: If scipy is missing, which reads the heads.
        ValueError: If a file is malformed.

    Example:
        >>> test = mall("test")  # doctest: +SKIP
        >>> test.pixels.shape  # doctest: +SKIP
        torch.Size([18000, 3, 64, 64])
    """

    root = LAYOUT.find(folder)
    heads = mall_heads(root / LAYOUT.file)
    part = slice(None, TRAIN) if split == "train" else slice(TRAIN, None)
    frames = list(range(1, len(heads) + 1))[part][:limit]
    boxes = grid.boxes

    if not frames:
        raise ValueError(
            f"{root} must have frames of the {split} part, got {len(heads)} frames, of "
            f"which the first {TRAIN} are for training"
        )

    within = [_within(heads[each - 1], box, size) for each in frames for box in boxes]
    squares = (
        square
        for frame in frames
        for square in _read_patches(root / f"frames/seq_{frame:06d}.jpg", boxes, size)
    )

    return CrowdPatches(
        stack(squares, len(within), (3, size, size)),
        pad_sequence(within, batch_first=True, padding_value=torch.nan),
        torch.tensor(frames).repeat_interleave(len(boxes)),
        torch.arange(len(boxes)).repeat(len(frames)),
    )


def mall_heads(path: Path) -> tuple[Heads, ...]:
    """Read where the heads are in each frame.

    Args:
        path: The file mall_gt.mat.

    Returns:
        For each frame the x and y of its heads, of shape (heads, 2): (0.5, 0.5) is the
        middle of the frame's first pixel, which the file calls (1, 1).

    Raises:
        ModuleNotFoundError: If scipy is missing.
        ValueError: If the file is of another format, or counts other heads than it
            places.

    Example:
        >>> heads = mall_heads(Path("mall_dataset/mall_gt.mat"))  # doctest: +SKIP
        >>> len(heads), len(heads[0])  # doctest: +SKIP
        (2000, 29)
    """

    require("scipy", extra="evaluate")

    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    broken = (MatReadError, NotImplementedError, OSError, ValueError, zlib.error)

    try:
        content = loadmat(path)
        heads = [frame["loc"][0, 0] for frame in content["frame"][0]]
        counts = content["count"][:, 0].tolist()
    except (*broken, IndexError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} must hold Mall's frame and count as MATLAB saved them, got: "
            f"{error!r}"
        ) from None

    placed = [len(each) for each in heads]

    if placed != counts or any(each.shape != (len(each), 2) for each in heads):
        raise ValueError(
            f"{path} must place as many heads (x, y) as it counts, {sum(counts)} in "
            f"{len(counts)} frames, got {sum(placed)} in {len(placed)}"
        )

    return tuple(each.astype(np.float64) - 0.5 for each in heads)


def _within(heads: Heads, box: Box, size: int) -> Tensor:
    """Return the heads in a patch, in pixels of the patch."""

    left, top, right, bottom = box
    x, y = heads.T
    inside = heads[(left <= x) & (x < right) & (top <= y) & (y < bottom)]
    scale = size / (right - left)

    return torch.tensor((inside - (left, top)) * scale, dtype=torch.float32)


def _read_patches(path: Path, boxes: Sequence[Box], size: int) -> Iterator[Square]:
    frame = open_picture(path, "RGB")
    width, height = frame[0].size

    for box in boxes:
        if min(box) < 0 or box[2] > width or box[3] > height:
            raise ValueError(
                f"patches must lie within {path} of {width}×{height} pixels, got one "
                f"from {box[:2]} to {box[2:]}"
            )

        yield cut(frame, box, size)
