"""The README's example runs as written, and its numbers are those of the results."""

import json
import re
from pathlib import Path

import pytest

from unchecked import unchecked_calls

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


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


def test_the_pictures_exist() -> None:
    for path in re.findall(r"\]\(((?:results|docs|src)/[^)]+)\)", README):
        assert (ROOT / path).exists(), path
