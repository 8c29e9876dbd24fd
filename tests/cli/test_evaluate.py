import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from command_line import Ended, flags, run
from diffeo.coordinates.identity import Identity
from diffeo.counterfactuals import Counterfactuals, SearchPath
from diffeo.data.mnist import sample_digits
from diffeo.objectives import AtLeast, AtMost, Near
from diffeo.report.images import write_png
from diffeo.search import search
from diffeo.workflows.evaluate import objective_of
from records import record


@pytest.fixture
def nines(tmp_path: Path) -> Path:
    """The record of a few fours that became nines, found in coordinates of its own."""

    digits = sample_digits()
    x, after = (digits.images[digits.labels == label][:4] for label in (4, 9))
    found = record(x, after, target=9, classes=10)
    found.outputs_before[:, 4] = 9.0
    step, z, margin = torch.arange(2), torch.zeros(2, 784), torch.tensor([-1.0, 1.0])
    elsewhere = {"coordinates": {"name": "vae.py:load"}}
    replace(
        found,
        paths=(SearchPath(step, z, margin),) * 4,
        settings={**found.settings, **elsewhere},
    ).save(tmp_path / "record.safetensors")

    return tmp_path / "record.safetensors"


def test_the_bounds_of_values_are_read_back(tmp_path: Path) -> None:
    for goal in (AtLeast(1.0), AtMost(-1.0), Near(2.0, 0.5)):
        found = search(torch.zeros(2, 2), lambda x: x.sum(1), goal, Identity((2,)))
        found.save(tmp_path / "record.safetensors")
        stored = Counterfactuals.load(tmp_path / "record.safetensors")

        assert objective_of(stored) == goal


def evaluate(path: Path, out: Path, **options: object) -> Ended:
    settings = {"model": "mnist-cnn", "coordinates": "data", "data": "digits"} | options

    return run("evaluate", path, *flags(**settings, out=out, quick=True))


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
    ended = evaluate(nines, out, data=tmp_path / "pictures")
    assert ended.code == 0, ended

    results = json.loads((out / "results.json").read_text())
    page = (out / "report.html").read_text()

    assert "svm_target" in ended.stdout
    assert "svm_target" in page
    assert "its coordinates were not given" in page
    assert ended.stdout.splitlines()[-1] == str((out / "report.html").resolve())
    assert results["counterfactuals_success"] == 1
    assert results["real_knn_target"] > results["originals_knn_target"]
    assert (out / "table.csv").is_file()
    assert results["quick"] == 1
    assert "hardly trained" in page
    assert "hardly trained" in ended.stdout
    assert f"judges are kept in {tmp_path / 'cache'}" in ended.stderr
    assert re.search(r" (\d+)/\1 ", ended.stderr)


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
    ended = evaluate(nines, tmp_path / "out", **options)

    assert ended.code == 2
    assert message in ended.stderr
    assert not (tmp_path / "out").exists()


def test_the_data_are_like_the_records(nines: Path, tmp_path: Path) -> None:
    for label in range(2):
        folder = tmp_path / "pictures" / str(label)
        folder.mkdir(parents=True)
        write_png(torch.zeros(1, 12, 12), folder / "0.png")
        write_png(torch.ones(1, 12, 12), folder / "1.png")
        write_png(torch.ones(1, 12, 12), folder / "2.png")
        write_png(torch.ones(1, 12, 12), folder / "3.png")

    ended = evaluate(nines, tmp_path / "out", data=tmp_path / "pictures")

    assert ended.code == 2
    assert "images like the record's, (1, 28, 28), got (1, 12, 12)" in ended.stderr
