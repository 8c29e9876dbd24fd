import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from diffeo import zoo
from reproduction.__main__ import EXPERIMENTS, TRAININGS, app, main


def words_of(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)

    return result.exit_code, " ".join(result.output.split())


def told(*arguments: object, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "argv", ["reproduction", *map(str, arguments)])

    with pytest.raises(SystemExit) as caught:
        main()

    return str(caught.value)


def test_help_lists_all_experiments_and_trainings() -> None:
    _, experiments = words_of("--help")
    _, trainings = words_of("train", "--help")
    _, tunings = words_of("tune", "--help")

    assert [each.name for each in EXPERIMENTS if each.name not in experiments] == []
    assert [each.name for each in TRAININGS if each.name not in trainings] == []
    assert "mnist-comparison" in tunings


@pytest.mark.parametrize("name", zoo.names())
def test_shipped_weights_tell_a_command_that_trains_them(name: str) -> None:
    words = zoo.card(name).command.split()
    python, (training, epochs, number, seed, zero) = words[:4], words[4:9]

    assert python == ["python", "-m", "reproduction", "train"]
    assert training in [each.name for each in TRAININGS]
    assert (epochs, seed, zero) == ("--epochs", "--seed", "0")
    assert number.isdecimal()


@pytest.mark.parametrize("words", [(), ("tune",), ("train",)])
def test_an_unknown_name_is_told_in_a_sentence(words: tuple[str, ...]) -> None:
    code, output = words_of(*words, "none")

    assert code == 2
    assert "No such command 'none'" in output


@pytest.mark.parametrize(
    "words", [("mnist",), ("mnist-ascents",), ("train", "mnist-cnn")]
)
def test_missing_data_are_told_in_a_sentence_and_leave_nothing_behind(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    message = told(
        *words, "--data", tmp_path, "--out", out, "--quiet", monkeypatch=monkeypatch
    )

    assert "data folder must hold" in message
    assert not out.exists()


@pytest.mark.parametrize(
    "words",
    [("helix", "--quick"), ("tune", "mnist-comparison"), ("train", "helix-flow")],
)
def test_an_existing_folder_is_not_touched(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "keep").write_text("kept")
    message = told(*words, "--out", tmp_path, monkeypatch=monkeypatch)

    assert "the output folder must be new or hold no other files" in message
    assert [path.name for path in tmp_path.iterdir()] == ["keep"]


def test_an_unknown_backward_pass_is_told_in_a_sentence(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    code, output = words_of("train", "mnist-flow", "--backward", "none", "--out", out)

    assert code == 2
    assert "'none' is not one of 'auto'" in output
