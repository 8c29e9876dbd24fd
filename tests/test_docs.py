"""Each number of the docs is that of the results, and what they link to is there."""

import json
import re
from pathlib import Path

import pytest

from unchecked import unchecked_calls

DOCS = Path(__file__).parents[1] / "docs"
RESULTS = {
    "approximate": ("mnist-approximate", "helix-autoencoders"),
    "approximate-faces": ("celeba-approximate",),
    "closest": ("mnist-closest",),
    "comparison": ("mnist-frontier", "mnist-comparison", "mnist-judges"),
    "chest": ("chest-xray",),
    "coordinates": ("mnist-coordinates", "helix-coordinates", "grids"),
    "crowds": ("mall",),
    "face-coordinates": ("celeba-coordinates",),
    "faces": ("celeba", "celeba-rivals"),
    "truth": ("truth",),
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
    assert quoted

    for key, shown, decimals in quoted:
        assert float(shown) == pytest.approx(
            results[key], abs=0.5 * 10 ** -len(decimals) + 1e-12
        ), key


@pytest.mark.parametrize("name", [path.stem for path in DOCS.glob("*.md")])
def test_the_python_blocks_of_a_page_run_one_after_the_other(name: str) -> None:
    text = (DOCS / f"{name}.md").read_text()
    names: dict[str, object] = {}

    with unchecked_calls():
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            exec(compile(block, f"{name}.md", "exec"), names)


@pytest.mark.parametrize("name", [path.stem for path in DOCS.glob("*.md")])
def test_what_is_linked_to_exists(name: str) -> None:
    for target in re.findall(
        r"\]\((\.\./[^)]+|[\w-]+\.md)\)", (DOCS / f"{name}.md").read_text()
    ):
        assert (DOCS / target).exists(), target
