"""Benchmarks add figures to those that are there, and tell which code measured each."""

import json
from datetime import datetime
from pathlib import Path

import pytest
import typer

from benchmarks import __main__ as command


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of results of two benchmarks."""

    quick = {"time": lambda: {"seconds": 2.0}, "memory": lambda: {"megabytes": 5.0}}
    monkeypatch.setattr(command, "BENCHMARKS", quick)
    monkeypatch.setattr(command, "RESULTS", tmp_path / "bench")

    return tmp_path / "bench"


def test_figures_are_added_and_each_benchmark_tells_its_code(results: Path) -> None:
    command.run(["time"])
    first = json.loads((results / "provenance.json").read_text())
    command.run(["memory"])
    found = json.loads((results / "results.json").read_text())
    told = json.loads((results / "provenance.json").read_text())

    assert found == {"seconds": 2.0, "megabytes": 5.0}
    assert first.keys() == {"time"}
    assert told.keys() == {"time", "memory"}
    assert told["memory"].keys() == {"version", "commit", "date"}
    assert datetime.fromisoformat(told["memory"]["date"]).tzinfo is not None


def test_an_unknown_benchmark_is_named_before_any_is_run(results: Path) -> None:
    with pytest.raises(typer.BadParameter, match="got speed"):
        command.run(["time", "speed"])

    assert not results.exists()
