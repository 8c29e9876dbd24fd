from pathlib import Path

import pytest
import torch

from diffeo.counterfactuals import Counterfactuals, Outcome, concatenate
from diffeo.workflows.explain.checkpoint import Checkpoint
from records import record

REQUEST: dict[str, object] = {"data": "digits", "steps": 10}


def batch(rows: int = 2) -> Counterfactuals:
    x = torch.rand(rows, 1, 2, 2)

    return record(x, x.clone())


def test_finished_batches_are_found_in_order(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "out", REQUEST, rows=7)
    first, second = batch(), batch(3)
    checkpoint.add(first, 0)
    checkpoint.add(second, 2)
    checkpoint.add(batch(1), 6)  # after one that is missing
    found = checkpoint.finished()
    names = sorted(path.name for path in (tmp_path / "out/batches").iterdir())

    assert [len(each) for each in found] == [2, 3]
    assert torch.equal(found[1].factual, second.factual)
    assert names[:2] == ["00000-00001.safetensors", "00002-00004.safetensors"]


def test_a_whole_record_takes_the_place_of_its_batches(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, REQUEST, rows=4)
    checkpoint.add(batch(), 0)
    checkpoint.close(batch(4), ())
    (found,) = checkpoint.finished()

    assert len(found) == 4
    assert checkpoint.closed
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "record.safetensors",
        "request.json",
        "summary.csv",
    ]


def test_an_interrupted_record_leaves_the_batches(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, REQUEST, rows=4)
    done, stopped = batch(), batch()
    stopped.outcome[1] = Outcome.INTERRUPTED
    checkpoint.add(done, 0)
    checkpoint.close(concatenate([done, stopped]), ())

    assert [len(each) for each in checkpoint.finished()] == [2]
    assert not checkpoint.closed
    assert len(Counterfactuals.load(tmp_path / "record.safetensors")) == 4


def test_another_request_is_refused_or_starts_anew(tmp_path: Path) -> None:
    Checkpoint(tmp_path, REQUEST, rows=4).close(batch(4), ())
    (tmp_path / "images").mkdir()
    (tmp_path / "images/00003-factual.png").write_text("old")
    (tmp_path / "report.html").write_text("old")
    (tmp_path / "notes.txt").write_text("the user's")
    other = Checkpoint(tmp_path, {**REQUEST, "steps": 20}, rows=2)

    with pytest.raises(FileExistsError, match=r"differs in steps; .* --overwrite"):
        other.check(overwrite=False)

    other.check(overwrite=True)
    assert other.finished() == []
    assert (tmp_path / "report.html").exists()  # until there is something new

    other.add(batch(1), 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "batches",
        "notes.txt",
        "request.json",
    ]


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, REQUEST, rows=4)
    (tmp_path / "request.json.part").mkdir()
    checkpoint.check(overwrite=False)
    (tmp_path / "notes.txt").write_text("the user's")

    with pytest.raises(FileExistsError, match=r"holds other files; .* --overwrite"):
        checkpoint.check(overwrite=False)
