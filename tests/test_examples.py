"""Each example runs, quickly, and writes a page."""

import runpy
import sys
from pathlib import Path

import pytest

from diffeo.estimators import surrogate
from unchecked import unchecked_calls

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_finds_something_and_writes_a_page(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [path.name, "--quick", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(surrogate, "STEPS", 200)
    monkeypatch.setattr(surrogate, "SAMPLES", 500)

    with unchecked_calls():
        runpy.run_path(str(path), run_name="__main__")

    told = capsys.readouterr().out
    assert "reached the target" in told
    assert list((tmp_path / "out").rglob("report.html"))
    assert len(path.read_text().splitlines()) < 85
