"""Each number of the docs is that of the results; what they show runs, or is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import diffeo.names
from unchecked import unchecked_calls

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
NUMBER = re.compile(r"<!-- ([\w./-]+) -->(-?\d+(?:\.(\d+))?)")
RESULTS = {  # whose keys a page quotes without the name of their folder
    "approximate": ("mnist-approximate", "helix-autoencoders"),
    "approximate-faces": ("celeba-approximate",),
    "closest": ("mnist-closest", "mnist-pairs"),
    "comparison": ("mnist-frontier", "mnist-comparison", "mnist-judges"),
    "chest": ("chest-xray",),
    "coordinates": ("mnist-coordinates", "helix-coordinates", "grids"),
    "crowds": ("mall",),
    "face-coordinates": ("celeba-coordinates",),
    "faces": ("celeba", "celeba-rivals"),
    "goals": ("several",),
    "tables": ("tables",),
    "truth": ("truth", "truth-agreed", "truth-audit"),
    "speed": ("bench", "mnist-ascents"),
    "why-it-works": ("helix", "mnist-geometry", "spectra"),
}
IN_FULL = (  # whose keys have the name of their folder
    "choosing-coordinates",
    "gallery",
    "reading",
    "your-own",
    "your-regressor",
)


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def results_of(folder: str) -> dict[str, float]:
    path = DOCS.parent / "results" / folder / "results.json"
    found: dict[str, float] = json.loads(path.read_text())

    return found


@pytest.mark.parametrize("name", [*RESULTS, *IN_FULL])
def test_each_number_of_the_docs_is_in_the_results(name: str) -> None:
    results: dict[str, float] = {}

    for folder in RESULTS.get(name, ()):
        results |= results_of(folder)

    quoted = NUMBER.findall(read(f"{name}.md"))
    assert quoted

    for key, shown, decimals in quoted:
        folder, _, inside = key.rpartition("/")
        value = results_of(folder)[inside] if folder else results[key]
        assert float(shown) == pytest.approx(
            value, abs=0.5 * 10 ** -len(decimals) + 1e-12
        ), key


def test_every_page_that_quotes_results_is_compared_with_them() -> None:
    quoting = {page.removesuffix(".md") for page in PAGES if "<!-- " in read(page)}

    assert quoting - {"reference/diffeo"} == {*RESULTS, *IN_FULL}


def test_what_needs_keras_runs_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="keras is not installed")
    keras.utils.set_random_seed(0)  # PyTorch's too
    images = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    names: dict[str, Any] = {
        **vars(diffeo.names),
        "images": images,
        "model": nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).eval(),
        "inversion": diffeo.Inversion(steps=100, starts=4),
    }
    (block,) = re.findall(r"```py\n(.*?)```", read("your-generator.md"), re.DOTALL)

    with unchecked_calls():
        exec(compile(block, "your-generator.md", "exec"), names)

    assert names["record"].change.abs().max() > 0
    assert names["alone"].invert(names["decoder"](torch.zeros(1, 6))).error < 0.1


@pytest.mark.parametrize("name", PAGES)
def test_the_python_blocks_of_a_page_run_one_after_the_other(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: dict[str, object] = {}
    monkeypatch.chdir(tmp_path)  # where a block may write

    with unchecked_calls():
        for block in re.findall(r"```python\n(.*?)```", read(name), re.DOTALL):
            exec(compile(block, name, "exec"), names)


@pytest.mark.parametrize("name", PAGES)
def test_what_is_linked_to_exists(name: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", read(name)):
        place, _, anchor = target.partition("#")
        path = (DOCS / name).parent / place if place else DOCS / name

        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


def anchors(path: Path) -> Iterator[str]:
    """Yield the anchors of the headings of a page, as GitHub and the site have them."""

    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)

    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        words = re.sub(r"[^\w\s-]", "", heading.lower()).split()
        yield "-".join(words)
