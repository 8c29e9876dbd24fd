import re
from pathlib import Path

import pytest
import torch

from diffeo.ascents import NormalizedGradient
from diffeo.counterfactuals import Counterfactuals
from diffeo.explanation import explain
from diffeo.report.figures import confidence_figure, gallery, svg
from diffeo.report.folder import output_folder
from diffeo.report.images import difference, read_png, to_8_bits, write_png
from diffeo.report.page import Story, write_page
from diffeo.search import Run
from laws import images, tiny_classifier, tiny_flow


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
    return Story("Title", "Question?", "a model", 0.9, ("zero", "one", name))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_holds_the_image_to_8_bits(tmp_path: Path, channels: int) -> None:
    x = images(1, (channels, 5, 6)).float()
    write_png(x[0], tmp_path / "x.png")

    assert torch.equal(read_png(tmp_path / "x.png"), to_8_bits(x)[0])


def test_the_difference_is_black_where_nothing_changed() -> None:
    before = torch.zeros(1, 2, 2)
    after = before.clone()
    after[0, 0, 0] = 1
    colors = difference(before, after)

    assert colors.shape == (3, 2, 2)
    assert colors[:, 1, 1].max() < 0.05
    assert colors[:, 0, 0].min() > 0.6


def test_the_page_shows_every_row_of_every_record(
    record: Counterfactuals, tmp_path: Path
) -> None:
    write_page(story(), {"Z": record, "X": record}, {}, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()

    assert page.count("data:image/png;base64,") == 3 * 2 * 4
    assert not re.search(r"(src|href)=\"(?!data:)", page)


def test_names_are_shown_as_they_are(record: Counterfactuals, tmp_path: Path) -> None:
    name = "<script>alert(1)</script>"
    write_page(story(name), {name: record}, {}, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_untypical_inputs_are_marked(record: Counterfactuals, tmp_path: Path) -> None:
    assert record.typical.all()
    rows = torch.tensor([False, True, True])
    doubted = record.map(lambda value: rows if value is record.typical else value)
    write_page(story(), {"Z": doubted}, {}, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()

    assert page.count("untypical input") == 1
    assert "1 of the inputs look" in page


def test_figures_have_a_panel_for_each_record(record: Counterfactuals) -> None:
    grid = gallery({"Z": record, "X": record}, [0, 2])
    lines = confidence_figure({"Z": record.path_margin}, 0.9)

    assert len(grid.axes) == 0 or len(grid.subfigs) == 2
    assert svg(lines).startswith("<svg")


def test_an_output_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    place = tmp_path / "out"

    def interrupted() -> None:
        with output_folder(place, overwrite=False) as folder:
            (folder / "half").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()

    assert list(tmp_path.iterdir()) == []

    with output_folder(place, overwrite=False) as folder:
        (folder / "inner").mkdir()
        (folder / "inner/whole").write_text("new")

    assert (place / "inner/whole").read_text() == "new"


def test_an_existing_folder_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "whole").write_text("old")
    (tmp_path / "other").write_text("other")

    with (
        pytest.raises(FileExistsError, match="--overwrite"),
        output_folder(tmp_path, overwrite=False),
    ):
        pass

    with output_folder(tmp_path, overwrite=True) as folder:
        (folder / "whole").write_text("new")

    assert (tmp_path / "whole").read_text() == "new"
    assert (tmp_path / "other").read_text() == "other"
