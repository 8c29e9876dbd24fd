"""Each number of the docs is that of the results, and what they link to is there."""

import json
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
RESULTS = {
    "comparison": ("mnist-comparison",),
    "speed": ("bench", "mnist-ascents"),
    "why-it-works": ("helix", "mnist-geometry"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_each_number_of_the_docs_is_in_the_results(name: str) -> None:
    results: dict[str, float] = {}

    for folder in RESULTS[name]:
        path = DOCS.parent / "results" / folder / "results.json"
        results |= json.loads(path.read_text())

    text = (DOCS / f"{name}.md").read_text()
    quoted = re.findall(r"<!-- ([\w.]+) -->(-?\d+(?:\.(\d+))?)", text)
    assert len(quoted) > 25

    for key, shown, decimals in quoted:
        assert float(shown) == pytest.approx(
            results[key], abs=0.5 * 10 ** -len(decimals) + 1e-12
        ), key


def test_every_page_is_checked() -> None:
    assert {path.stem for path in DOCS.glob("*.md")} == set(RESULTS)


@pytest.mark.parametrize("name", RESULTS)
def test_what_is_linked_to_exists(name: str) -> None:
    for target in re.findall(
        r"\]\((\.\./[^)]+|[\w-]+\.md)\)", (DOCS / f"{name}.md").read_text()
    ):
        assert (DOCS / target).exists(), target
