import json
from pathlib import Path

import pytest

from diffeo.workflows.fit.expectations import (
    FIGURES,
    expected_of,
    why_field,
    why_glow,
    why_vae,
)

RESULTS = Path(__file__).parents[2] / "results"


@pytest.mark.parametrize("key", FIGURES)
def test_what_is_said_to_expect_is_what_was_measured(key: str) -> None:
    folder, _, name = key.partition("/")
    found = json.loads((RESULTS / folder / "results.json").read_text())[name]
    shown = str(FIGURES[key])
    decimals = len(shown.partition(".")[2])

    assert FIGURES[key] == pytest.approx(found, abs=0.5 * 10**-decimals + 1e-9)
    words = [expected_of(images) for images in (2000, 8000, 60_000)]
    words += [why_glow(), why_field(), why_vae()]

    assert any(shown in each for each in words)


def test_more_images_lead_to_other_words() -> None:
    assert len({*map(expected_of, (100, 2000, 8000, 55_000))}) == 4
    assert expected_of(2000) == expected_of(7999)
