import math

import pytest
import torch

from diffeo.report.charts import course, histogram
from diffeo.report.measures import Measure, sections
from diffeo.report.scales import Linear, Logit


def test_a_histogram_counts_every_finite_value() -> None:
    values = torch.tensor([0.0, 1.0, 2.0, 2.0, math.nan, math.inf])
    chart = histogram("title", {"a": values, "b": values[:3]}, Linear())

    assert [sum(lane.counts) for lane in chart.lanes] == [4, 3]
    assert chart.lanes[0].counts[-1] == 2
    assert chart.lanes[0].heights[-1] == 100
    assert chart.lanes[0].middle == 75
    assert chart.lanes[1].middle == 50


def test_a_histogram_of_one_value_has_a_range() -> None:
    chart = histogram("title", {"a": torch.full((3,), 2.0)}, Linear())

    assert sum(chart.lanes[0].counts) == 3
    assert 0 <= chart.lanes[0].middle <= 100


def test_confidences_near_one_stay_apart() -> None:
    values = torch.tensor([0.5, 0.9, 0.99, 0.999])
    place = Logit().place(values)

    assert (place.diff() > 2).all()
    assert Logit().place(torch.tensor([0.0, 1.0])).isfinite().all()


@pytest.mark.parametrize(("low", "high"), [(-9.0, 9.0), (4.6, 4.9)])
def test_probabilities_are_marked_on_any_part_of_their_axis(
    low: float, high: float
) -> None:
    ticks = Logit().ticks(low, high)

    assert len(ticks) >= 2

    for tick in ticks:
        place = Logit().place(torch.tensor(float(tick.label))).item()
        assert tick.place == pytest.approx(100 * (place - low) / (high - low), abs=0.01)


def test_a_course_shows_the_median_of_the_rows() -> None:
    lines = torch.arange(5.0)[:, None] + torch.arange(3.0)
    chart = course("title", {"a": lines}, 6.0, Linear(), Linear())
    (panel,) = chart.panels
    points = [point.split(",") for point in panel.line.split()]

    assert [float(x) for x, _ in points] == [0, 50, 100]
    assert chart.goal == 100
    heights = [100 - float(y) for _, y in points]
    low, high = 0.4, 6.0  # the least of the lowest tenth, and the goal
    expected = [100 * (value - low) / (high - low) for value in (2, 3, 4)]
    assert heights == pytest.approx(expected, abs=0.01)


def test_a_course_passes_over_what_is_not_finite() -> None:
    lines = torch.tensor([[0.0, 1.0], [math.nan, -math.inf], [2.0, 3.0]])
    (panel,) = course("title", {"a": lines}, 0.0, Linear(), Linear()).panels

    assert "nan" not in panel.line + panel.outer
    assert "inf" not in panel.line + panel.outer


def test_measures_are_grouped_by_metric_on_a_common_axis() -> None:
    measures = [
        Measure("m", "a", 1.0, 0.0, 2.0, higher_is_better=False, how_to_read="read"),
        Measure("n", "a", 1.0, math.nan, math.nan, None, "read"),
        Measure("m", "b", 4.0, 3.0, 5.0, higher_is_better=False, how_to_read="read"),
    ]
    first, second = sections(measures)
    a, b = first.marks

    assert (first.metric, second.metric) == ("m", "n")
    assert first.direction == "lower is better"
    assert a.place is not None
    assert b.place is not None
    assert a.start is not None
    assert a.start < a.place < b.place
    assert a.length == pytest.approx(b.length)
    assert second.marks[0].start is None
