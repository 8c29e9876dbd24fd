import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from diffeo.cli import app
from diffeo.data.mnist import sample_digits
from diffeo.report.images import write_png
from records import record


@pytest.fixture
def nines(tmp_path: Path) -> Path:
    """The record of a few fours that became nines."""

    digits = sample_digits()
    x, after = (digits.images[digits.labels == label][:4] for label in (4, 9))
    found = record(x, after, target=9, classes=10)
    found.outputs_before[:, 4] = 9.0
    found.save(tmp_path / "record.safetensors")

    return tmp_path / "record.safetensors"


def evaluate(path: Path, out: Path, **options: object) -> tuple[int, str]:
    settings = {"model": "mnist-cnn", "coordinates": "data", "data": "digits"} | options
    flags = [
        str(word) for key, value in settings.items() for word in (f"--{key}", value)
    ]
    words = ["evaluate", str(path), *flags, "--out", str(out), "--quick"]
    result = CliRunner().invoke(app, words, env={"COLUMNS": "200"})

    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception

    return result.exit_code, result.output


def test_a_record_is_judged_by_labelled_pictures(
    nines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFEO_CACHE", str(tmp_path / "cache"))
    digits = sample_digits()

    for label in range(10):
        folder = tmp_path / "pictures" / str(label)
        folder.mkdir(parents=True)

        for row, image in enumerate(digits.images[digits.labels == label][:24]):
            write_png(image, folder / f"{row}.png")

    out = tmp_path / "out"
    code, output = evaluate(nines, out, data=tmp_path / "pictures")
    assert code == 0, output

    results = json.loads((out / "results.json").read_text())

    assert "svm_target" in output
    assert "svm_target" in (out / "report.html").read_text()
    assert output.splitlines()[-1] == str((out / "report.html").resolve())
    assert results["counterfactuals_success"] == 1
    assert results["real_knn_target"] > results["originals_knn_target"]
    assert (out / "table.csv").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": "none"}, "labelled data must be a folder, got none"),
        ({"model": "none"}, "weights must be one of"),
    ],
)
def test_bad_input_is_told_in_a_sentence(
    nines: Path, tmp_path: Path, options: dict[str, object], message: str
) -> None:
    code, output = evaluate(nines, tmp_path / "out", **options)

    assert code == 2
    assert message in output
    assert not (tmp_path / "out").exists()


def test_the_data_are_like_the_records(nines: Path, tmp_path: Path) -> None:
    for label in range(2):
        folder = tmp_path / "pictures" / str(label)
        folder.mkdir(parents=True)
        write_png(torch.zeros(1, 12, 12), folder / "0.png")
        write_png(torch.ones(1, 12, 12), folder / "1.png")
        write_png(torch.ones(1, 12, 12), folder / "2.png")
        write_png(torch.ones(1, 12, 12), folder / "3.png")

    code, output = evaluate(nines, tmp_path / "out", data=tmp_path / "pictures")

    assert code == 2
    assert "images like the record's, (1, 28, 28), got (1, 12, 12)" in output
