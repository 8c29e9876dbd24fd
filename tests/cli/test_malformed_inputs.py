"""Each of 2,000 malformed inputs ends a command in one line, and leaves nothing."""

from pathlib import Path
from typing import NoReturn

import pytest

from command_line import run
from malformed.commands import COMMANDS, words, write_files
from malformed.suites import SUITES, cases, digest

LONGEST = 1000  # characters of a line
WORK = {
    "explain": "explain.explanation.explain_to_folder",
    "explain a table": "explain.explanation.explain_to_folder",
    "check": "check.draw_check",
    "spectrum": "spectrum.spectrum_to_folder",
    "audit": "audit.audit.audit_to_folder",
    "evaluate": "evaluate.evaluate_to_folder",
    "report": "report.draw",
    "fit": "fit.images.fit_images",
    "fit a table": "fit.table.fit_table",
    "train": "train.classifier.train_classifier",
    "demo": "demo.demo_to_folder",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that commands take, and of a search that ended."""

    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    out: dict[str, object] = {"out": folder / "explained", "path": True}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "diffeo.workflows.explain.images.draw_explanation", lambda *_: None
        )

        assert run(*words("explain", COMMANDS["explain"](folder) | out)).code == 0

    return folder


def test_there_are_2000() -> None:
    assert sum(suite.size for suite in SUITES.values()) == 2000


@pytest.mark.parametrize("name", COMMANDS)
def test_without_what_is_malformed_a_command_sets_to_work(
    name: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"diffeo.workflows.{WORK[name]}", work)
    out: dict[str, object] = {"out": tmp_path / "out.safetensors"}

    assert run(*words(name, COMMANDS[name](files) | out)).code == 130


@pytest.mark.parametrize("name", SUITES)
def test_what_is_malformed_ends_in_one_line_and_leaves_nothing(
    name: str, files: Path, tmp_path: Path
) -> None:
    folder, command = tmp_path / "malformed", SUITES[name].command
    out = folder / ("out.safetensors" if command.startswith("fit") else "out")
    wrong = []

    for seed, change in cases(name, files, folder):
        before = digest(folder)
        options = COMMANDS[command](files) | {"out": out} | change.options
        ended = run(*words(command, options))
        told = ended.stderr.replace("-", "_").splitlines()

        if not (
            ended.code == 2
            and len(told) == 1
            and len(told[0]) <= LONGEST
            and told[0].startswith("Error: ")
            and change.named.replace("-", "_") in told[0]
            and ended.stdout == ""
            and digest(folder) == before
        ):
            wrong.append((seed, change, ended))

    assert not wrong, "\n".join(map(str, wrong))
