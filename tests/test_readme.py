"""The README's example runs as written, and its numbers are those of the results."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from unchecked import unchecked_calls

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ANIMATION = "docs/four-to-nine.gif"


def test_the_example_runs_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}

    with unchecked_calls():
        exec(compile(example, "README.md", "exec"), names)

    assert len(example.strip().splitlines()) <= 10
    assert "reached the target" in capsys.readouterr().out
    assert len(names["nines"]) >= 15  # type: ignore[arg-type]


def test_the_figures_are_those_of_the_results() -> None:
    results: dict[str, float] = {}

    for name in ("mnist-judges", "mnist"):
        results |= json.loads((ROOT / f"results/{name}/results.json").read_text())

    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", README, re.MULTILINE)

    assert len(rows) >= 8

    for name, shown in rows:
        digits = len(shown.strip().split(".")[-1]) if "." in shown else 0
        assert float(shown) == pytest.approx(
            results[name], abs=0.5 * 10**-digits + 1e-12
        ), name


def test_what_is_linked_to_exists() -> None:
    linked = re.findall(r"\]\(((?:results|docs|src)/[^)#]+)", README)

    for path in [*linked, ANIMATION]:
        assert (ROOT / path).exists(), path


def test_the_first_screen_shows_an_animation_the_commands_and_the_docs() -> None:
    first, _, _ = README.partition("\n## ")

    assert f'src="{ANIMATION}"' in first
    assert "diffeo fit" in first
    assert "diffeo audit" in first
    assert "](docs/index.md)" in first


def test_the_animation_moves_and_is_small() -> None:
    path = ROOT / ANIMATION

    with Image.open(path) as file:
        assert getattr(file, "n_frames", 1) > 20

    assert path.stat().st_size <= 300_000
