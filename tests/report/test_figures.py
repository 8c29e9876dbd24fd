import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.figures import along_path, histograms, intervals, svg
from diffeo.report.gallery import gallery, side_by_side
from diffeo.report.report import Measure
from mirrored import asked, record_of, synthetic, with_paths

NAME = "<script>$x^{</script>"


@pytest.fixture(scope="module")
def record() -> Counterfactuals:
    return with_paths(record_of(synthetic(3, (1, 8, 8), noise=0.1)))


def bars(figure: Figure, lane: int) -> list[float]:
    (drawn,) = figure.axes[lane].patches
    assert isinstance(drawn, StepPatch)
    counts, *_ = drawn.get_data()

    return list(np.asarray(counts).tolist())


def line(figure: Figure, place: int = 0) -> list[float]:
    values: list[float] = np.asarray(figure.axes[0].lines[place].get_ydata()).tolist()

    return values


def test_a_gallery_has_a_panel_for_each_record(record: Counterfactuals) -> None:
    grid = gallery({"Z": record, NAME: record}, [0, 2])

    assert len(grid.subfigs) == 2
    assert [len(panel.axes) for panel in grid.subfigs] == [4, 4]

    for panel in grid.subfigs:
        for axes in panel.axes:
            assert axes.images[0].get_size() == (2 * (8 + 2), 8 + 2)

    assert svg(grid)


def test_differences_of_a_gallery_are_to_where_searches_began(
    record: Counterfactuals,
) -> None:
    lossy = replace(record, reconstruction=0.5 * record.factual)
    titles = [
        axes.get_title()
        for panel in gallery({"Z": record, "V": lossy}, range(2)).subfigs
        for axes in panel.axes
    ]
    several = side_by_side({"1": lossy, "2": lossy}, [0, 1]).axes

    assert titles[3::4] == ["x′ − x", "x′ − r"]
    assert [axes.get_title() for axes in several[:2]] == ["x", "r"]
    assert several[-1].get_title() == "x′ − r, 2"


def test_a_gallery_of_other_data_is_refused() -> None:
    record = record_of(synthetic(2, (5, 8, 8), noise=0.1))

    with pytest.raises(ValueError, match="one or three channels"):
        gallery({"Z": record}, [0])


def test_a_histogram_counts_every_finite_value() -> None:
    values = torch.tensor([0.0, 1.0, 2.0, 2.0, math.nan, math.inf])
    figure = histograms("title", {"a": values, "b": values[:3]})

    assert [sum(bars(figure, lane)) for lane in (0, 1)] == [4, 3]
    assert bars(figure, 0)[-1] == 2
    assert "a, median 1.5" in svg(figure)


@pytest.mark.parametrize(
    "values",
    [[2.0, 2.0], [], [math.nan], [0.0, 1.0], [1.0], [1 - 1e-12, 1.0], [0.99, 0.9901]],
)
@pytest.mark.parametrize("probability", [False, True])
def test_a_histogram_of_any_values_can_be_drawn(
    values: list[float], *, probability: bool
) -> None:
    figure = histograms("title", {"a": torch.tensor(values)}, probability=probability)

    assert sum(bars(figure, 0)) == sum(map(math.isfinite, values))
    assert svg(figure)


def test_probabilities_near_one_stay_apart() -> None:
    figure = histograms(
        "c", {"a": torch.tensor([0.5, 0.9, 0.99, 0.999])}, probability=True
    )

    assert sum(height > 0 for height in bars(figure, 0)) == 4
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert ticks == ["0.5", "0.9", "0.99"]


def test_a_path_shows_the_median_of_the_rows_that_stay_where_they_ended(
    record: Counterfactuals,
) -> None:
    longer = record.paths[0]._replace(
        steps=torch.arange(9) * 2, margin=torch.linspace(-16, 0, 9)
    )
    paths = (longer, *record.paths[1:])
    interval = asked(
        replace(record, paths=paths), {"name": "Between", "low": 10.0, "high": None}
    )
    figure = along_path({"Z": interval})

    assert figure.axes[0].get_ylabel() == "answer"
    shown = np.asarray(figure.axes[0].lines[0].get_xdata())
    assert list(shown) == list(range(17))
    assert line(figure) == pytest.approx(
        [10.0 - 8 + step for step in range(9)] + [10.0] * 8
    )
    assert line(figure, 1) == [10.0, 10.0]


def test_a_slow_row_does_not_hide_the_first_steps_of_the_others(
    record: Counterfactuals,
) -> None:
    slow = record.paths[0]._replace(
        steps=torch.tensor([0, 2000]), margin=torch.tensor([-16.0, 0.0])
    )
    axes = along_path({"Z": replace(record, paths=(slow, *record.paths[1:]))}).axes[0]
    shown = np.asarray(axes.lines[0].get_xdata())
    tenth, whole = axes.transData.transform([(10, 0), (2000, 0)])[:, 0]

    assert set(range(10)) <= set(shown)
    assert shown[-1] == 2000
    assert [label.get_text() for label in axes.get_xticklabels()][-1] == "1000"
    assert tenth - axes.bbox.x0 > 0.3 * (whole - axes.bbox.x0)


def test_a_path_is_drawn_on_the_scale_of_its_objective(record: Counterfactuals) -> None:
    figure = along_path({"Z": record})

    assert line(figure)[-1] == pytest.approx(math.log(99))
    assert "0.99" in [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_a_path_passes_over_what_is_not_finite(record: Counterfactuals) -> None:
    broken = record.paths[0]._replace(margin=torch.full((9,), math.nan))
    one = replace(record, paths=(broken, *record.paths[1:]))
    none = replace(record, paths=(broken,) * 3)

    assert math.isfinite(line(along_path({"Z": one}))[0])
    assert svg(along_path({"Z": none, "X": one}))


def test_a_path_that_never_left_its_origin_can_be_drawn(
    record: Counterfactuals,
) -> None:
    stayed = tuple(
        path._replace(
            steps=path.steps[:1], latent=path.latent[:1], margin=path.margin[:1]
        )
        for path in record.paths
    )

    assert svg(along_path({"Z": replace(record, paths=stayed)}))


def test_intervals_are_a_dot_a_line_and_their_numbers() -> None:
    figure = intervals(
        [
            Measure("m", NAME, 0.8, 0.7, 0.9, higher_is_better=True, how_to_read=""),
            Measure("m", "b", 0.3, math.nan, math.nan, None, "", control=True),
            Measure("m", "c", math.nan, math.nan, math.nan, None, ""),
        ]
    )
    drawing = svg(figure)

    assert "0.8  (0.7 to 0.9)" in drawing
    assert ">0.3<" in drawing
    assert "nan" not in drawing


def test_more_series_than_colors_are_all_drawn() -> None:
    figure = histograms("c", {str(at): torch.rand(5) for at in range(9)})

    assert len(figure.axes) == 9


def test_a_drawing_is_text_that_is_always_the_same_and_holds_no_markup() -> None:
    def drawing() -> str:
        return svg(histograms(NAME, {NAME: torch.arange(5.0)}))

    assert drawing() == drawing()
    assert "<script" not in drawing()
    assert "&lt;script&gt;$x^{" in drawing()
    assert "http" not in drawing()
    assert ' id="figure' not in drawing()
