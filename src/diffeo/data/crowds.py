"""Patches of one camera's frames, with the heads in them."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from diffeo.data.annotated import AnnotatedImages
from diffeo.data.crops import Box
from diffeo.data.labelled import LabelledImages
from diffeo.shapes import Indices, Scores

__all__ = ["CROWDED", "CrowdPatches", "Grid"]


@dataclass(frozen=True)
class Grid:
    """Where patches are cut out of a frame: in rows and columns that overlap.

    Args:
        side: Side of each patch in pixels of the frame.
        step: Pixels from one patch to the next.
        top: Where the first row begins, in pixels from the frame's top.
        left: Where the first column begins, in pixels from the frame's left.
        rows: Number of rows.
        columns: Number of columns.

    Raises:
        ValueError: If there is no patch.

    Example:
        >>> len(Grid(rows=2, columns=3).boxes)
        6
    """

    side: int = 128
    step: int = 32
    top: int = 48
    left: int = 64
    rows: int = 3
    columns: int = 5

    def __post_init__(self) -> None:
        if min(self.side, self.step, self.rows, self.columns) < 1:
            raise ValueError(
                f"side, step, rows and columns must be at least 1, got {self}"
            )

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Left, top, right and bottom of each patch, row by row."""

        side = float(self.side)
        corners = [
            (float(self.left + self.step * column), float(self.top + self.step * row))
            for row in range(self.rows)
            for column in range(self.columns)
        ]

        return tuple((x, y, x + side, y + side) for x, y in corners)


CROWDED = Grid()
"""Where people walk farther from the camera: from no head to about ten in a patch."""


@dataclass(frozen=True, eq=False)
class CrowdPatches(AnnotatedImages):
    """Patches of frames with the heads in them.

    Args:
        pixels: Images of 256 levels in color.
        heads: Where each head is: x from the left and y from the top, in pixels of the
            patch, (0.5, 0.5) for the middle of the first; NaN in rows to spare.
        frames: The number of the frame that each patch is cut from; the first is 1.
        places: Which patch of its frame each is, counted from 0.

    Example:
        >>> import torch
        >>> pixels = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
        >>> heads = torch.tensor([[[3.0, 4.0]], [[torch.nan, torch.nan]]])
        >>> ones = torch.ones(2, dtype=torch.long)
        >>> CrowdPatches(pixels, heads, frames=ones, places=ones).counts
        tensor([1., 0.])
    """

    heads: Float[Tensor, "batch most 2"]
    frames: Indices
    places: Indices

    @property
    def counts(self) -> Scores:
        """The number of heads in each patch."""

        return self.heads[..., 0].isfinite().sum(1).float()

    def labelled(self) -> LabelledImages:
        """Return the patches with the number of heads as their true values."""

        return LabelledImages(self.pixels.float() / 255, self.counts)
