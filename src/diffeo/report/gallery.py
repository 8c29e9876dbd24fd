"""Figures of inputs beside their counterfactuals."""

from collections.abc import Mapping, Sequence
from typing import Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from diffeo.counterfactuals import Counterfactuals
from diffeo.report import images
from diffeo.report.figures import COLORS, STYLE
from diffeo.shapes import Images

__all__ = ["draw_grid", "gallery", "side_by_side"]

CHANGES = {"factual": "x′ − x", "reconstruction": "x′ − rec."}


@rc_context(STYLE)
def gallery(
    records: Mapping[str, Counterfactuals],
    rows: Sequence[int],
    *,
    since: Literal["factual", "reconstruction"] = "factual",
) -> Figure:
    """Draw factual, reconstruction, counterfactual and difference of some rows.

    Source: Dombrowski et al., 2024, Figures 8 and 9.

    Args:
        records: Of the same images, by the name of their method.
        rows: Numbers of the rows to draw, one below the other.
        since: From what the difference is taken.

    Raises:
        ValueError: If the data are not images of one or three channels.

    Example:
        >>> import torch
        >>> from diffeo import Identity, Run, TargetClass, search
        >>> x, place = torch.ones(2, 1, 4, 4), Identity((1, 4, 4))
        >>> goal, run = TargetClass(1), Run(path=True)
        >>> record = search(x, lambda x: x.flatten(1)[:, :2], goal, place, run=run)
        >>> len(gallery({"in the data": record}, [0, 1]).subfigs)
        1
    """

    for record in records.values():
        images.check_images(record.factual)

    shown = list(rows)
    size = 3.4 * len(records) + 0.4, 0.8 * len(shown) + 0.8
    figure = Figure(figsize=size)
    panels = figure.subfigures(1, len(records), squeeze=False)[0]
    limit = images.common_limit(records.values(), shown)

    for panel, (name, record) in zip(panels, records.items(), strict=True):
        panel.suptitle(name, fontsize=10)
        start, after = getattr(record, since)[shown], record.counterfactual[shown]
        columns = {
            "factual x": record.factual[shown],
            "reconstruction": record.reconstruction[shown],
            "counterfactual x′": after,
            CHANGES[since]: images.signed_difference(start, after, limit),
        }
        draw_grid(panel, columns)

    return figure


@rc_context(STYLE)
def side_by_side(records: Mapping[str, Counterfactuals], rows: Sequence[int]) -> Figure:
    """Draw several counterfactuals of each input side by side, then their differences.

    Those that are not at their target are framed.

    Args:
        records: Of the same images, one for each counterfactual of an input.
        rows: Numbers of the inputs to draw, one below the other.

    Raises:
        ValueError: If the data are not images of one or three channels.

    Example:
        >>> import torch
        >>> from diffeo import Identity, TargetClass, search
        >>> x, place = torch.ones(2, 1, 4, 4), Identity((1, 4, 4))
        >>> record = search(x, lambda x: x.flatten(1)[:, :2], TargetClass(1), place)
        >>> len(side_by_side({"1": record, "2": record}, [0, 1]).axes)
        5
    """

    for record in records.values():
        images.check_images(record.factual)

    every, shown = list(records.values()), list(rows)
    limit, before = images.common_limit(every, shown), every[0].factual[shown]
    after = {
        f"x′ {number}": record.counterfactual[shown]
        for number, record in enumerate(every, 1)
    }
    changes = {
        f"x′ − x, {number}": images.signed_difference(before, x, limit)
        for number, x in enumerate(after.values(), 1)
    }
    columns = {"x": before} | after | changes
    size = 0.85 * len(columns) + 0.2, 0.8 * len(shown) + 0.4
    figure = Figure(figsize=size)
    axes = draw_grid(figure, columns)

    for axis, record in zip(axes[1:], every, strict=False):
        _frame(axis, record, shown)

    return figure


def _frame(axis: Axes, record: Counterfactuals, rows: Sequence[int]) -> None:
    """Frame those pictures of a column that are not at their target."""

    height, width = (side + 2 * images.EDGE for side in record.factual.shape[2:])

    for place, reached in enumerate(record.reached[rows]):
        if not reached:
            corner = -0.5, place * height - 0.5
            axis.add_patch(
                Rectangle(corner, width, height, fill=False, color=COLORS[1], lw=2)
            )


def draw_grid(place: Figure | SubFigure, columns: Mapping[str, Images]) -> list[Axes]:
    """Draw columns of pictures below their titles, and return the axes of each column.

    Args:
        place: Where to draw.
        columns: Images in [0, 1] by title, as many in each column.

    Example:
        >>> import torch
        >>> len(draw_grid(Figure(), {"x": torch.zeros(2, 1, 4, 4)}))
        1
    """

    axes: list[Axes] = list(place.subplots(1, len(columns), squeeze=False)[0])

    for axis, (title, pictures) in zip(axes, columns.items(), strict=True):
        column = images.as_picture(images.sheet(pictures, across=1))
        axis.imshow(column, cmap="gray", vmin=0, vmax=255)
        axis.set_title(title, fontsize=7)
        axis.set_axis_off()

    return axes
