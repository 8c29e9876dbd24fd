"""The page in a real browser: without errors, sorted, filtered, scrubbed, printed."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    ViewportSize,
    sync_playwright,
)

from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Outcome
from diffeo.report import Measure, ReportOptions, write_report
from mirrored import record_of, synthetic, with_paths

BROWSERS = "chromium", "chromium-browser", "google-chrome", "chrome"
ROWS = 16
SHAPE = (1, 28, 28)
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
NAME = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of two methods, some of whose rows failed."""

    record = with_paths(record_of(synthetic(ROWS, SHAPE, noise=0.1)))
    outcome = torch.full((ROWS,), Outcome.REACHED).long()
    outcome[5:7] = Outcome.EXHAUSTED
    records = {"good": record, NAME: replace(record, outcome=outcome)}
    options = ReportOptions(
        title=NAME,
        classes=("no", NAME),
        coordinates=dict.fromkeys(records, Identity(SHAPE)),
        measures=[
            Measure("m", name, value, value - 1, value + 1, True, "Read it so.")  # noqa: FBT003
            for name, value in (("a", 2.0), (NAME, 1.0))
        ],
    )

    return write_report(records, tmp_path_factory.mktemp("page"), options).as_uri()


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

    errors: list[str] = []
    opened = open_page(browser, address, errors)
    yield opened
    opened.close()
    assert errors == []


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> tuple[Page, list[str]]:
    """The page, opened once, and the errors on it."""

    errors: list[str] = []

    return open_page(browser, address, errors), errors


@pytest.fixture
def shared(opened: tuple[Page, list[str]]) -> Iterator[Page]:
    """The page, which a test leaves as it was; any error on it fails the test."""

    page, errors = opened
    yield page
    assert errors == []


def open_page(browser: Browser, address: str, errors: list[str]) -> Page:
    """Open the page on a desktop, and note the errors on it."""

    opened = browser.new_page(viewport=DESKTOP)
    opened.on("console", lambda message: _note(message, errors))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("dialog", lambda dialog: errors.append(dialog.message))
    opened.goto(address)
    opened.wait_for_selector("#shown:not(:empty)")

    return opened


def _note(message: ConsoleMessage, errors: list[str]) -> None:
    if message.type == "error":
        errors.append(message.text)


def cards(page: Page) -> list[int]:
    shown = page.locator(".card:visible")

    return [
        int(row) for row in shown.evaluate_all("all => all.map(e => e.dataset.row)")
    ]


def column(page: Page, heading: str) -> list[str]:
    place = headings(page).index(heading)
    rule = f"rows => rows.filter(r => !r.hidden).map(r => r.cells[{place}].innerText)"
    texts: list[str] = page.locator("#table tbody tr").evaluate_all(rule)

    return texts


def headings(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#table th").all_inner_texts()]


def ink(page: Page, row: int) -> float:
    """How much of a difference is drawn: the mean distance from white."""

    rule = """async image => {
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      const pen = canvas.getContext("2d");
      pen.drawImage(image, 0, 0);
      const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) {
        sum += 765 - data[at] - data[at + 1] - data[at + 2];
      }
      return sum / (data.length / 4);
    }"""
    value: float = page.locator(f"#row-{row} .difference img").first.evaluate(rule)

    return value


def test_the_page_opens_with_its_names_as_text(shared: Page) -> None:
    assert shared.title() == NAME
    assert shared.locator("h1").inner_text() == NAME
    assert shared.locator("svg text", has_text=NAME).count() >= 4
    assert cards(shared) == list(range(12))
    assert shared.locator("#shown").inner_text() == "showing 12 of 16"


def test_all_rows_are_shown_on_request(page: Page) -> None:
    page.click("#more")

    assert cards(page) == list(range(ROWS))
    assert not page.locator("#more").is_visible()


def test_a_heading_sorts_the_table_and_the_cards(page: Page) -> None:
    heading = page.locator("#table th", has_text="steps")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column(page, "steps") == [str(8 + place // 2) for place in range(2 * ROWS)]

    heading.locator("button").focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert column(page, "steps")[:3] == ["23", "23", "22"]
    assert cards(page)[:3] == [15, 14, 13]


def test_the_cards_sort_by_any_column(page: Page) -> None:
    options = page.locator("#sort option").all_inner_texts()
    assert options == [text.removesuffix(" ↑") for text in headings(page)]

    page.select_option("#sort", label="‖x′ − x‖")
    page.check("#reverse")
    distances = [float(text) for text in column(page, "‖x′ − x‖")]
    assert distances == sorted(distances, reverse=True)


def test_words_are_found_in_any_column(shared: Page) -> None:
    shared.fill("#find", "exhausted")

    assert cards(shared) == [5, 6]
    assert column(shared, "search") == [NAME, NAME]
    assert shared.locator("#row-5 .method:visible").count() == 1

    shared.fill("#find", "")
    assert cards(shared) == list(range(12))


def test_failed_rows_are_a_choice_away(shared: Page) -> None:
    for kind, rows in (".doubted", [5, 6]), (".reached", range(12)), ("tr", range(12)):
        shared.select_option("#show", kind)

        assert cards(shared) == list(rows)


def test_a_link_shows_a_row_that_is_filtered_out(page: Page) -> None:
    page.select_option("#show", ".reached")
    page.fill("#find", "15")
    page.locator("#happened a", has_text="No. 5").click()

    assert page.locator("#row-5").is_visible()
    assert page.locator("#row-5 .method:visible").count() == 2
    assert page.locator("#row-5").evaluate("e => e.getBoundingClientRect().top") < 900


def test_the_keyboard_walks_the_path_and_the_difference_follows(shared: Page) -> None:
    slider = shared.locator("#row-0 input[type=range]").first
    end = shared.locator("#row-0 .end img").first
    before, full = end.get_attribute("src"), ink(shared, 0)
    slider.focus()
    shared.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "step 7 of 8 · confidence 0.9733"
    assert end.get_attribute("src") != before
    assert 0 < ink(shared, 0) < full

    shared.keyboard.press("Home")
    assert "step 0 of 8" in shared.locator("#row-0 .path output").first.inner_text()
    assert ink(shared, 0) == 0

    shared.keyboard.press("End")
    assert end.get_attribute("src") == before
    assert ink(shared, 0) == full > 1


def test_differences_on_the_way_are_to_the_reconstruction(
    browser: Browser, tmp_path: Path
) -> None:
    record = record_of(synthetic(1, SHAPE, noise=0.1))
    start = 0.9 * record.factual
    lossy = with_paths(replace(record, reconstruction=start, origin=start.flatten(1)))
    options = ReportOptions(coordinates={"lossy": Identity(SHAPE)})
    written = write_report({"lossy": lossy}, tmp_path, options).as_uri()
    page = open_page(browser, written, [])
    page.locator("#row-0 input[type=range]").press("Home")

    assert ink(page, 0) == 0
    page.close()


def test_differences_on_the_way_have_the_colors_of_the_end(page: Page) -> None:
    slider = page.locator("#row-0 input[type=range]").first
    drawn = ink(page, 0)
    same = """path => {
      const frames = path.querySelectorAll("img");
      frames[3].src = frames[8].src;
    }"""
    page.locator("#row-0 .path").first.evaluate(same)
    page.wait_for_timeout(200)
    slider.fill("3")

    assert ink(page, 0) == pytest.approx(drawn, rel=0.01)


def test_a_click_on_a_frame_goes_there(shared: Page) -> None:
    for place in 4, 8:
        shared.locator("#row-1 .frames").first.locator("img").nth(place).click()

        slider = shared.locator("#row-1 input[type=range]").first
        assert slider.input_value() == str(place)


def test_no_width_scrolls_the_page_sideways(shared: Page) -> None:
    for width in 320, 390, 768, 1280:
        shared.set_viewport_size({"width": width, "height": 800})

        assert shared.evaluate("document.documentElement.scrollWidth") <= width

    shared.set_viewport_size(DESKTOP)


def test_the_page_prints_its_pictures_without_its_controls(shared: Page) -> None:
    shared.emulate_media(media="print")

    assert not shared.locator("#controls").is_visible()
    assert not shared.locator("input[type=range]").first.is_visible()
    assert shared.locator("#row-0 .difference img").first.is_visible()
    assert shared.pdf(format="A4").startswith(b"%PDF")

    shared.emulate_media(media="screen")


def test_screenshots_are_not_blank(shared: Page, tmp_path: Path) -> None:
    shot = shared.locator("#row-0").screenshot(path=tmp_path / "row.png")

    assert len(shot) > 5_000


def test_the_page_reads_without_its_script(browser: Browser, address: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(address)

    assert page.locator(".card:visible").count() == ROWS
    assert not page.locator("#controls").is_visible()
    assert page.locator("#row-0 .difference img").first.is_visible()
    page.close()
