import json
from pathlib import Path

import pytest

from reproduction.experiment import Experiment, ExperimentOptions, Findings, apply_rules


def experiment(findings: Findings) -> Experiment:
    return Experiment("none", "Nothing.", lambda _: findings, {"one": 2.0})


def test_results_lie_in_their_place_before_anything_is_drawn(tmp_path: Path) -> None:
    found = tmp_path / "new" / "results.json"
    seen: list[bool] = []
    drawings = {"a.png": lambda _: seen.append(found.is_file())}
    experiment(Findings({"one": 1.0}, drawings)).run(ExperimentOptions(found.parent))

    assert seen == [True]
    assert json.loads(found.read_text()) == {"one": 1.0}


def test_a_drawing_that_fails_costs_a_message_and_none_of_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Path) -> None:
        raise RuntimeError("no ink")

    drawings = {"a.png": fail, "b.txt": lambda path: path.write_text("drawn")}
    results = experiment(Findings({"one": 1.0}, drawings)).run(
        ExperimentOptions(tmp_path)
    )

    assert results == {"one": 1.0}
    assert (tmp_path / "b.txt").read_text() == "drawn"
    assert "a.png could not be drawn: RuntimeError('no ink')" in capsys.readouterr().err


def test_results_tell_which_code_wrote_them_and_whether_it_was_quick(
    tmp_path: Path,
) -> None:
    experiment(Findings({})).run(ExperimentOptions(tmp_path, quick=True))
    found = json.loads((tmp_path / "provenance.json").read_text())

    assert found.keys() == {"version", "commit", "date", "quick"}
    assert found["quick"] is True
    assert all(found.values())


def test_the_table_shows_the_headlines_beside_the_papers_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = Findings({"one": 1.5, "more": 7.0}, headlines=("one",))
    experiment(findings).run(ExperimentOptions(tmp_path))
    words = capsys.readouterr().out.split()

    assert "1.5" in words
    assert "2" in words
    assert "more" not in words


def test_every_rule_is_applied_to_every_subject() -> None:
    rules = {"least_{}": min, "{}_most": max}
    results = apply_rules(rules, {"a": [1.0, 2.0], "b": [3.0]})

    assert results == {"least_a": 1.0, "a_most": 2.0, "least_b": 3.0, "b_most": 3.0}
