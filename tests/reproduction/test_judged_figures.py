"""Figures of what judges say hold all their words."""

import itertools

import pytest

from diffeo.evaluation.intervals import Interval
from reproduction.judged_figures import SHARES, shares_figure

LABEL = max((label for _, label in SHARES.values()), key=len)


@pytest.mark.parametrize("count", [1, 5, 18])
def test_labels_of_few_and_many_shares_lie_within_the_figure(count: int) -> None:
    share = Interval(0.5, low=0.4, high=0.6, rows=9)
    shares = {f"{number} prototypes_published": share for number in range(count)}
    figure = shares_figure(shares, LABEL)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [text.get_window_extent() for text in axes.get_yticklabels()]
    boxes.append(axes.xaxis.label.get_window_extent())

    assert len(boxes) == count + 1
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert all(figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1 for box in boxes)
    assert all(one.y0 > other.y1 for one, other in itertools.pairwise(boxes))
