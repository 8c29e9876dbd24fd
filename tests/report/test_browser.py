"""The page in a real browser: without errors, sorted, filtered, scrubbed, printed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.report.measures import Measure
from diffeo.report.output_text import Classes
from diffeo.report.page import Report, Story, write_page
from mirrored import films_of, record_of, synthetic

BROWSERS = "chromium", "chromium-browser", "google-chrome", "chrome"
ROWS = 30
NAME = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of two methods, some of whose rows failed."""

    record = record_of(synthetic(ROWS, (1, 28, 28), noise=0.1))
    outcome = torch.full((ROWS,), Outcome.REACHED).long()
    outcome[5:7] = Outcome.EXHAUSTED
    failed = Counterfactuals(
        **{**record.tensors(), "outcome": outcome}, settings=record.settings
    )
    records = {"good": record, NAME: failed}
    films = {name: films_of(record) for name in records}
    measures = [
        Measure("m", name, value, value - 1, value + 1, True, "Read it so.")  # noqa: FBT003
        for name, value in (("a", 2.0), ("b", 1.0), ("c", 3.0))
    ]
    path = tmp_path_factory.mktemp("page") / "report.html"
    story = Story(NAME, "Question?", NAME, Classes(0.99, ("no", NAME)))
    write_page(Report(story, records, films, measures), path)

    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window, or a skip where none is installed."""

    found = next(filter(None, map(shutil.which, BROWSERS)), None)

    if found is None:
        pytest.skip(f"no browser is installed; looked for {', '.join(BROWSERS)}")

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page on a desktop; any error on it fails the test."""

    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    errors: list[str] = []
    opened.on("console", lambda message: _note(message, errors))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("dialog", lambda dialog: errors.append(dialog.message))
    opened.goto(address)
    opened.wait_for_selector("[data-drawn]")
    yield opened
    opened.close()
    assert errors == []


def _note(message: ConsoleMessage, errors: list[str]) -> None:
    if message.type == "error":
        errors.append(message.text)


def cards(page: Page) -> list[int]:
    shown = page.locator(".card:visible")

    return [
        int(row) for row in shown.evaluate_all("all => all.map(e => e.dataset.row)")
    ]


def column(page: Page, place: int) -> list[str]:
    rule = f"rows => rows.filter(r => !r.hidden).map(r => r.cells[{place}].innerText)"
    texts: list[str] = page.locator("#table tbody tr").evaluate_all(rule)

    return texts


def ink(page: Page, row: int, kind: str) -> float:
    """How much of a difference is drawn: the mean distance from white."""

    rule = """canvas => {
      const pen = canvas.getContext("2d");
      const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) {
        sum += 765 - data[at] - data[at + 1] - data[at + 2];
      }
      return sum / (data.length / 4);
    }"""
    page.wait_for_timeout(100)
    value: float = page.locator(f"#row-{row} canvas.{kind}").first.evaluate(rule)

    return value


def test_the_page_opens_with_its_names_as_text(page: Page) -> None:
    assert page.title() == NAME
    assert page.locator("h1").inner_text() == NAME
    assert cards(page) == list(range(24))
    assert page.locator("#shown").inner_text() == "showing 24 of 30 rows"


def test_all_rows_are_shown_on_request(page: Page) -> None:
    page.click("#more")

    assert cards(page) == list(range(ROWS))
    assert not page.locator("#more").is_visible()


def test_a_heading_sorts_the_table_and_the_gallery(page: Page) -> None:
    heading = page.locator("#table th", has_text="steps")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column(page, 7) == [str(8 + place // 2) for place in range(2 * ROWS)]

    heading.locator("button").focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert column(page, 7)[:3] == ["37", "37", "36"]
    assert cards(page)[:3] == [29, 28, 27]


def test_the_gallery_sorts_by_any_column(page: Page) -> None:
    options = page.locator("#sort option").all_inner_texts()
    headings = page.locator("#table thead th").all_inner_texts()
    assert options == [heading.strip() for heading in headings]

    page.select_option("#sort", label="‖x′ − x‖")
    page.click("#direction")
    distances = [float(text) for text in column(page, 8)]
    assert distances == sorted(distances, reverse=True)


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("> 30", range(23, 30)),
        ("<= 9", range(2)),
        ("10..12", range(2, 5)),
        ("37", [29]),
    ],
)
def test_a_number_is_filtered_by_a_bound(
    page: Page, asked: str, rows: list[int]
) -> None:
    page.locator("#table [data-column='7']").fill(asked)

    assert cards(page) == list(rows)
    assert page.locator("#shown").inner_text() == (
        f"showing {len(rows)} of {len(rows)} rows"
    )


def test_a_word_is_filtered_by_its_choices(page: Page) -> None:
    page.locator("#table select[data-column='4']").select_option("exhausted")

    assert cards(page) == [5, 6]
    assert column(page, 1) == [NAME, NAME]
    assert page.locator("#row-5 .method:visible").count() == 1

    page.click("#reset")
    assert cards(page) == list(range(24))


def test_failed_rows_are_a_choice_away(page: Page) -> None:
    page.select_option("#show", "doubted")

    assert cards(page) == [5, 6]


def test_a_link_shows_a_row_that_is_filtered_out(page: Page) -> None:
    page.locator("#table [data-column='7']").fill("> 30")
    page.locator("#doubts a", has_text="No. 5").click()
    page.wait_for_timeout(100)

    assert page.locator("#row-5").is_visible()


def test_the_keyboard_walks_the_path_and_the_differences_follow(page: Page) -> None:
    slider = page.locator("#row-0 input[type=range]").first
    tile = page.locator("#row-0 .end .tile").first
    before = tile.evaluate("e => getComputedStyle(e).backgroundPosition")
    full = ink(page, 0, "signed"), ink(page, 0, "absolute")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert (slider.get_attribute("aria-valuetext") or "").startswith("step 7 of 8, 0.9")
    assert tile.evaluate("e => getComputedStyle(e).backgroundPosition") != before

    page.keyboard.press("Home")
    assert "step 0 of 8" in page.locator("#row-0 .film output").first.inner_text()
    assert ink(page, 0, "signed") == 0
    assert ink(page, 0, "absolute") == 0

    page.keyboard.press("End")
    assert (ink(page, 0, "signed"), ink(page, 0, "absolute")) == full
    assert min(full) > 1


def test_a_click_on_the_strip_goes_there(page: Page) -> None:
    strip = page.locator("#row-1 .strip").first
    strip.click()  # in its middle, the fifth of nine frames

    assert page.locator("#row-1 input[type=range]").first.input_value() == "4"


def test_metrics_are_sorted_by_value(page: Page) -> None:
    page.locator(".metric th button", has_text="value").click()
    names = page.locator(".metric tbody th").all_inner_texts()

    assert names == ["b", "a", "c"]


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_width_scrolls_the_page_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_prints_its_pictures_without_its_controls(page: Page) -> None:
    page.emulate_media(media="print")

    assert not page.locator("#controls").is_visible()
    assert not page.locator("input[type=range]").first.is_visible()
    assert page.locator("#row-0 canvas.signed").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_screenshots_are_not_blank(page: Page, tmp_path: Path) -> None:
    shot = page.locator("#row-0").screenshot(path=tmp_path / "row.png")

    assert len(shot) > 5_000


def test_the_page_reads_without_its_script(browser: Browser, address: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(address)

    assert page.locator(".card:visible").count() == ROWS
    assert not page.locator("#controls").is_visible()
    assert page.locator("#row-0 .tile").first.is_visible()
    page.close()
