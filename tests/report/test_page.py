import math
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.explain import explain
from diffeo.objectives import AtLeast, TargetClass
from diffeo.report.figures import confidence_figure, gallery
from diffeo.report.images import read_png, to_8_bits, write_png
from diffeo.report.measures import Measure
from diffeo.report.output_text import Classes, Values, answers_of
from diffeo.report.page import Report, Story, write_page
from diffeo.report.path_frames import reels
from diffeo.search import Run, search
from laws import images, tiny_classifier, tiny_flow

NAME = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def record() -> Counterfactuals:
    return explain(
        images(3),
        tiny_classifier(3),
        tiny_flow(),
        target=2,
        confidence=0.9,
        ascent=NormalizedGradient(0.2),
        run=Run(steps=10, path=True),
    )


def story(name: str = "two") -> Story:
    return Story("Title", "Question?", "a model", Classes(0.9, ("zero", "one", name)))


def page_of(report: Report, folder: Path) -> str:
    write_page(report, folder / "page.html")

    return (folder / "page.html").read_text()


def change(record: Counterfactuals, **tensors: Tensor) -> Counterfactuals:
    fields = {**record.tensors(), **tensors}

    return Counterfactuals(**fields, settings=record.settings)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_holds_the_image_to_8_bits(tmp_path: Path, channels: int) -> None:
    x = images(1, (channels, 5, 6)).float()
    write_png(x[0], tmp_path / "x.png")

    assert torch.equal(read_png(tmp_path / "x.png"), to_8_bits(x)[0])


def test_the_page_shows_every_row_of_every_record(
    record: Counterfactuals, tmp_path: Path
) -> None:
    page = page_of(Report(story(), {"Z": record, "X": record}), tmp_path)

    assert page.count("data:image/png;base64,") == 3
    assert page.count('<article class="card"') == 3
    assert page.count('<section class="method"') == 3 * 2
    assert page.count("<tr data-row") == 3 * 2


def test_the_page_needs_no_other_file(record: Counterfactuals, tmp_path: Path) -> None:
    films = {"Z": reels(record, Bounded(tiny_flow()))}
    page = page_of(Report(story(), {"Z": record}, films), tmp_path)

    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert not re.search(r"https?://|@import|fetch\(|url\((?!data:)", page)


def test_names_are_shown_as_they_are(record: Counterfactuals, tmp_path: Path) -> None:
    measure = Measure(
        NAME, NAME, 0.5, 0.4, 0.6, higher_is_better=True, how_to_read=NAME
    )
    named = Counterfactuals(**record.tensors(), settings={NAME: NAME})
    told = Story(NAME, NAME, NAME, Classes(0.9, ("zero", "one", NAME)))
    page = page_of(Report(told, {NAME: named}, measures=[measure]), tmp_path)

    assert NAME not in page
    assert page.count("<script>") == 1
    assert "&lt;script&gt;" in page


def test_names_must_be_one_for_each_class(
    record: Counterfactuals, tmp_path: Path
) -> None:
    few = Story("Title", "Question?", "a model", Classes(0.9, ("zero", "one")))

    with pytest.raises(ValueError, match="3 classes, got 2 names"):
        page_of(Report(few, {"Z": record}), tmp_path)


def test_untypical_and_failed_rows_are_told_with_their_reason(
    record: Counterfactuals, tmp_path: Path
) -> None:
    doubted = change(
        record,
        typical=torch.tensor([False, True, True]),
        outcome=torch.tensor(
            [Outcome.REACHED, Outcome.EXHAUSTED, Outcome.NONFINITE]
        ).long(),
    )
    page = page_of(Report(story(), {"Z": doubted}), tmp_path)
    reasons = re.findall(r"<li><a href=\"#row-(\d)\">.*?</span>: (.*?)</li>", page)

    assert [row for row, _ in reasons] == ["0", "1", "2"]
    assert "untypical" in reasons[0][1]
    assert "ran out of steps; its best point has confidence" in reasons[1][1]
    assert "not finite" in reasons[2][1]
    assert page.count('<p class="doubt">') == 1


def test_a_page_without_doubts_says_so(record: Counterfactuals, tmp_path: Path) -> None:
    sound = change(record, outcome=torch.full((3,), Outcome.REACHED).long())

    assert "None: every search" in page_of(Report(story(), {"Z": sound}), tmp_path)


def test_a_path_left_out_is_explained(record: Counterfactuals, tmp_path: Path) -> None:
    pathless = change(
        record, path=record.path[:, :0], path_margin=record.path_margin[:, :0]
    )
    page = page_of(Report(story(), {"Z": record, "X": pathless}), tmp_path)

    assert "No path is shown for Z: its coordinates were not given" in page
    assert "No path is shown for X: the record holds no path" in page
    assert 'type="range"' not in page


def test_metrics_tell_direction_interval_and_how_to_read_them(
    record: Counterfactuals, tmp_path: Path
) -> None:
    sentence = "The share of rows that an oracle takes for the target."
    measures = [
        Measure(
            "oracle", "Z", 0.8, 0.7, 0.9, higher_is_better=True, how_to_read=sentence
        ),
        Measure(
            "oracle",
            "real",
            0.9,
            0.8,
            0.95,
            higher_is_better=True,
            how_to_read=sentence,
            control=True,
        ),
        Measure(
            "L2", "Z", 5.0, math.nan, math.nan, higher_is_better=None, how_to_read="."
        ),
    ]
    page = page_of(Report(story(), {"Z": record}, measures=measures), tmp_path)

    assert page.count('<article class="metric">') == 2
    assert page.count(sentence) == 1
    assert "0.7 to 0.9" in page
    assert page.count(">higher is better<") == 1
    assert page.count('<tr class="control">') == 1
    assert "nan to nan" not in page


def test_a_regressors_record_is_told_in_its_values(tmp_path: Path) -> None:
    record = search(
        images(3),
        tiny_classifier(1),
        AtLeast(0.6),
        tiny_flow(),
        NormalizedGradient(0.1),
        Run(steps=5, path=True),
    )
    answers = answers_of(record)
    told = Story("Title", "Question?", "a model", answers)
    films = {"Z": reels(record, tiny_flow())}
    page = page_of(Report(told, {"Z": record}, films), tmp_path)

    assert isinstance(answers, Values)
    assert "answer before" in page
    assert "Margin along the search" in page


def test_a_classifiers_record_tells_its_confidence(record: Counterfactuals) -> None:
    assert answers_of(record, ("a", "b", "c")) == Classes(0.9, ("a", "b", "c"))


def test_data_that_are_not_images_have_no_gallery(tmp_path: Path) -> None:
    record = search(
        images(3).flatten(1),
        lambda x: x[:, :3],
        TargetClass(2, confidence=0.9),
        Identity((16,)),
        NormalizedGradient(0.1),
        Run(steps=2),
    )
    page = page_of(Report(story(), {"Z": record}), tmp_path)

    assert "there are no pictures" in page
    assert page.count("<tr data-row") == 3


def test_records_of_other_factuals_are_refused(
    record: Counterfactuals, tmp_path: Path
) -> None:
    other = change(record, factual=1 - record.factual)

    with pytest.raises(ValueError, match="same factuals"):
        page_of(Report(story(), {"Z": record, "X": other}), tmp_path)


def test_a_record_of_the_first_rows_only_is_shown_beside_the_whole(
    record: Counterfactuals, tmp_path: Path
) -> None:
    short = record.select(torch.tensor([0, 1]))
    page = page_of(Report(story(), {"short": short, "whole": record}), tmp_path)

    assert page.count('<section class="method"') == 2 + 3


def test_rows_that_are_not_finite_are_shown(
    record: Counterfactuals, tmp_path: Path
) -> None:
    nothing = torch.full_like(record.outputs_after, math.nan)
    broken = change(
        record,
        outputs_after=nothing,
        counterfactual=torch.full_like(record.counterfactual, math.nan),
        outcome=torch.full((3,), Outcome.NONFINITE).long(),
    )
    page = page_of(Report(story(), {"Z": broken}), tmp_path)

    assert page.count("met values that are not finite; its best point") == 3
    assert page.count("<figcaption>Steps</figcaption>") == 1
    assert "Confidence after</figcaption>" not in page


def test_figures_have_a_panel_for_each_record(record: Counterfactuals) -> None:
    grid = gallery({"Z": record, "X": record}, [0, 2])
    lines = confidence_figure({"Z": record.path_margin}, 0.9)

    assert len(grid.subfigs) == 2
    assert len(lines.axes) == 1
