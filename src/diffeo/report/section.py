"""A part of a page, told without the packages that draw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Section"]


@dataclass(frozen=True, eq=False)
class Section:
    """A part of a page.

    Args:
        title: Its headline.
        text: Its paragraphs.
        table: Rows of cells below them, the first of them the head; none if empty.
        pictures: Captions and images in [0, 1] of shape (channels, height, width).
        charts: Figures below these.
        links: Texts and where they lead.

    Example:
        >>> Section("Samples", ("Look at them.",)).charts
        ()
    """

    title: str
    text: Sequence[str] = ()
    table: Sequence[Sequence[str]] = ()
    pictures: Sequence[tuple[str, Tensor]] = ()
    charts: "Sequence[Figure]" = ()
    links: Sequence[tuple[str, str]] = ()
