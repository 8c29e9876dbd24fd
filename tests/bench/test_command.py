"""Benchmarks add figures to those that are there, and tell which code measured each."""

import json
from datetime import datetime
from pathlib import Path

import pytest
import torch
import typer

from reproduction.provenance import ROOT

pytest.importorskip("normflows", reason="the extra bench is not installed")
pytest.importorskip("FrEIA", reason="the extra bench is not installed")

from benchmarks import __main__ as command

TOLD = ROOT / "results" / "bench" / "provenance.json"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of results of two benchmarks, which leave threads as they are."""

    quick = {"time": lambda: {"seconds": 2.0}, "memory": lambda: {"megabytes": 5.0}}
    monkeypatch.setattr(command, "BENCHMARKS", quick)
    monkeypatch.setattr(command, "RESULTS", tmp_path / "bench")
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)

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


@pytest.mark.skipif(
    not TOLD.is_file(),
    reason="results/bench is older than what tells its code; run python -m benchmarks",
)
def test_the_results_there_tell_version_commit_and_date_of_their_code() -> None:
    found = json.loads(TOLD.read_text())

    assert found.keys() <= command.BENCHMARKS.keys()
    assert all(told.keys() == {"version", "commit", "date"} for told in found.values())


def test_an_unknown_benchmark_is_named_before_any_is_run(results: Path) -> None:
    with pytest.raises(typer.BadParameter, match="got speed"):
        command.run(["time", "speed"])

    assert not results.exists()
