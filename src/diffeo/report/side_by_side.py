"""A figure of several counterfactuals of each input."""

from collections.abc import Mapping, Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure

from diffeo.counterfactuals import Counterfactuals
from diffeo.report import images
from diffeo.report.figures import COLORS, STYLE

__all__ = ["side_by_side"]


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
        10
    """

    for record in records.values():
        images.check_images(record.factual)

    every = list(records.values())
    width = 1 + 2 * len(every)
    figure = Figure(figsize=(0.85 * width + 0.2, 0.85 * len(rows) + 0.4))
    axes = figure.subplots(len(rows), width, squeeze=False)
    limit = images.common_limit(every, rows)
    titles = [
        f"{sign} {at}" for sign in ("x′", "x′ − x,") for at in range(1, 1 + len(every))
    ]

    for axis, title in zip(axes[0], ("x", *titles), strict=True):
        axis.set_title(title, fontsize=7)

    for line, row in zip(axes, rows, strict=True):
        before = every[0].factual[row].cpu()
        after = [record.counterfactual[row].cpu() for record in every]
        changes = [images.signed_difference(before, each, limit) for each in after]
        missed = [False, *(not record.reached[row] for record in every)]

        for axis, picture in zip(line, (before, *after, *changes), strict=True):
            axis.imshow(images.as_picture(picture), cmap="gray", vmin=0, vmax=255)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)

        for axis, failed in zip(line, missed, strict=False):
            axis.spines[:].set(visible=failed, color=COLORS[1], lw=2)

    return figure
