"""Figures of inputs beside their counterfactuals."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from diffeo.counterfactuals import Counterfactuals
from diffeo.report import images
from diffeo.report.figures import COLORS, STYLE
from diffeo.shapes import Images

__all__ = ["draw_grid", "gallery", "side_by_side"]


@rc_context(STYLE)
def gallery(records: Mapping[str, Counterfactuals], rows: Sequence[int]) -> Figure:
    """Draw factual, reconstruction, counterfactual and difference of some rows.

    The difference is that to where the search began: to the reconstruction r in
    approximate coordinates.

    Source: Dombrowski et al., 2024, Figures 8 and 9.

    Args:
        records: Of the same images, by the name of their method.
        rows: Numbers of the rows to draw, one below the other.

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

    size = 3.4 * len(records) + 0.4, 0.8 * len(rows) + 0.8
    figure = Figure(figsize=size)
    panels = figure.subfigures(1, len(records), squeeze=False)[0]
    limit = images.common_limit(records.values(), rows)

    for panel, (name, record) in zip(panels, records.items(), strict=True):
        panel.suptitle(name, fontsize=10)
        few = record.select(torch.tensor(rows))
        change = images.signed_difference(few.start, few.counterfactual, limit)
        columns = {
            "factual x": few.factual,
            "reconstruction r": few.reconstruction,
            "counterfactual x′": few.counterfactual,
            f"x′ − {_start_name(few)}": change,
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

    every, shown = list(records.values()), torch.tensor(rows)
    few = [record.select(shown) for record in every]
    limit, first, start = images.common_limit(every, rows), few[0], _start_name(few[0])
    after = {f"x′ {number}": one.counterfactual for number, one in enumerate(few, 1)}
    changes = {
        f"x′ − {start}, {number}": images.signed_difference(
            one.start, one.counterfactual, limit
        )
        for number, one in enumerate(few, 1)
    }
    columns = {"x": first.factual, start: first.start} | after | changes
    size = 0.85 * len(columns) + 0.2, 0.8 * len(shown) + 0.4
    figure = Figure(figsize=size)
    axes = draw_grid(figure, columns)

    for axis, one in zip(axes[-2 * len(few) :], few, strict=False):
        _frame(axis, one)

    return figure


def _start_name(record: Counterfactuals) -> str:
    """Return x where all searches began at their inputs, else r."""

    return "x" if torch.equal(record.start, record.factual) else "r"


def _frame(axis: Axes, record: Counterfactuals) -> None:
    """Frame those pictures of a column that are not at their target."""

    height, width = (side + 2 * images.EDGE for side in record.factual.shape[2:])

    for place, reached in enumerate(record.reached):
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
