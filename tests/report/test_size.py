import base64
import io
import re
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image
from torch import Tensor

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.album import Album, album
from diffeo.report.images import to_8_bits
from diffeo.report.output_text import Classes
from diffeo.report.page import Report, Story, render
from diffeo.report.path_frames import Reel
from mirrored import films_of, record_of, synthetic


def page_of(records: dict[str, Counterfactuals]) -> str:
    films: dict[str, Sequence[Reel]] = {
        name: films_of(record) for name, record in records.items()
    }
    story = Story("Title", "Question?", "a model", Classes(0.99))

    return render(Report(story, records, films))


def tiles_of(book: Album, row: int) -> np.ndarray:
    """Cut a sheet into its pictures, as (count, height, width, channels)."""

    sheet = book.sheets[row]
    packed = base64.b64decode(sheet.uri.partition(",")[2])

    with Image.open(io.BytesIO(packed)) as file:
        pixels = np.atleast_3d(np.asarray(file))

    pieces = np.split(pixels, sheet.count, axis=1)

    return np.stack([piece[1:-1, 1:-1] for piece in pieces])


@pytest.mark.parametrize("channels", [1, 3])
def test_a_sheet_holds_the_pictures_that_were_judged(channels: int) -> None:
    record = record_of(synthetic(2, (channels, 7, 5), noise=0.1))
    book = album({"Z": record}, {"Z": films_of(record)}, budget=10**6)
    tiles, cell = tiles_of(book, 1), book.sheets[1].cells["Z"]

    def bytes_of(x: Tensor) -> np.ndarray:
        return (to_8_bits(x[1]) * 255).byte().movedim(0, -1).numpy()

    assert (book.height, book.width) == (7, 5)
    assert np.array_equal(tiles[0], bytes_of(record.factual))
    assert np.array_equal(tiles[cell.reconstruction], bytes_of(record.reconstruction))
    assert np.array_equal(tiles[cell.counterfactual], bytes_of(record.counterfactual))
    assert cell.counterfactual == cell.first + len(cell.steps) - 1
    assert np.array_equal(tiles[cell.first], bytes_of(record.factual))


def test_a_tight_budget_costs_frames_before_pixels() -> None:
    record = record_of(synthetic(6, (1, 16, 16), noise=0.5))
    records, films = {"Z": record}, {"Z": films_of(record)}
    whole = album(records, films, budget=10**6)
    size = sum(len(sheet.uri) for sheet in whole.sheets)
    tighter = album(records, films, budget=size * 3 // 4)
    tightest = album(records, films, budget=size // 16)

    assert (whole.plan.frames, whole.plan.scale) == (9, 1)
    assert tighter.plan.frames < 9
    assert tighter.plan.scale == 1
    assert tightest.plan.scale < 1
    assert sum(len(sheet.uri) for sheet in tightest.sheets) <= size // 16


def test_an_impossible_budget_is_told() -> None:
    record = record_of(synthetic(2, (1, 16, 16), noise=0.5))

    with pytest.raises(ValueError, match="too many"):
        album({"Z": record}, {}, budget=100)


@pytest.mark.parametrize(
    ("shape", "methods", "noise"), [((1, 28, 28), 2, 0.1), ((3, 64, 64), 1, 0.05)]
)
def test_a_page_of_500_images_has_at_most_15_megabytes(
    shape: tuple[int, int, int], methods: int, noise: float
) -> None:
    record = record_of(synthetic(500, shape, noise=noise))
    page = page_of({f"method {number}": record for number in range(methods)})

    assert page.count('<article class="card"') == 500
    assert len(page.encode()) <= 15_000_000
    assert len(re.findall(r"data:image/png", page)) == 500
