import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks.clocked import Point
from benchmarks.curve_figure import apart, curve_figure

COURSES = {
    "one": [Point(30, 2, 4.0), Point(61, 4, 2.0)],
    "other": [Point(31, 1, 5.0), Point(60, 2, 2.0)],
}


def test_labels_keep_a_gap_and_their_order() -> None:
    moved = apart([2.0, 1.0, 1.05, 5.0], 0.5)

    assert moved == pytest.approx([2.0, 1.0, 1.5, 5.0])


def test_each_course_is_drawn_and_named_at_its_end() -> None:
    figure = curve_figure(COURSES)
    (axes,) = figure.axes
    drawn = [np.asarray(line.get_xydata()).tolist() for line in axes.lines]
    names = [text.get_text() for text in axes.texts]
    plt.close(figure)

    assert drawn == [
        [[point.seconds / 60, point.bits] for point in points]
        for points in COURSES.values()
    ]
    assert names == ["2.00 one", "2.00 other"]


def test_ends_and_passings_become_figures() -> None:
    pytest.importorskip("normflows", reason="the extra bench is not installed")

    from benchmarks.curve import figures_of

    better = [Point(60, 3, 2.5), Point(120, 6, 1.5)]
    figures = figures_of({"ours": better, "before": [Point(120, 2, 2.0)]})

    assert figures == {
        "train_minutes": 2.0,
        "train_bits_ours": 1.5,
        "train_steps_ours": 6.0,
        "train_bits_before": 2.0,
        "train_steps_before": 2.0,
        "train_minutes_to_pass_before": pytest.approx(1.5),
    }


def test_what_is_never_passed_has_no_figure() -> None:
    pytest.importorskip("normflows", reason="the extra bench is not installed")

    from benchmarks.curve import figures_of

    better, worse = [Point(60, 1, 1.0)], [Point(60, 1, 3.0)]

    assert "train_minutes_to_pass_x" not in figures_of({"ours": worse, "x": better})
