"""A search that is killed loses no finished batch, and goes on where it stopped."""

import json
import multiprocessing
import os
import random
import runpy
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import numpy as np
import pytest
import torch

from coarse import draw_coarsely
from diffeo.counterfactuals import Counterfactuals

KILLS = 20
PATIENCE = 0.25  # seconds that an interrupted process has to write what it found
ROWS, BATCH = 36, 3
SIGNALS = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
MODEL = """
import pathlib, time, torch

class Slow(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 3))

    def forward(self, x):
        time.sleep(0.002)
        return self.layers(x)

def slow():
    pathlib.Path(__file__).with_name("begun").touch()

    return Slow().eval()
"""
LOADED = (
    "diffeo.report.animation",
    "diffeo.report.gallery",
    "diffeo.report.page",
    "diffeo.workflows.explain.explanation",
    "diffeo.workflows.explain.table",
    "diffeo.workflows.explain.statements",
    "pydantic.type_adapter",  # which typer takes
)
Start = Callable[..., ForkServerProcess]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start `diffeo explain` in a process of its own that need not import it first."""

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "diffeo.cli", *LOADED])
    images = np.random.default_rng(0).random((ROWS, 1, 4, 4), np.float32)
    np.save(tmp_path / "images.npy", images)
    (tmp_path / "slow.py").write_text(MODEL)
    words = "--coordinates data --target 1 --rate 0.2 --steps 12 --device cpu --quiet"
    files = f"--data {tmp_path}/images.npy --model {tmp_path}/slow.py:slow"

    def explain(out: Path, **options: object) -> ForkServerProcess:
        more = " ".join(f"--{name} {value}" for name, value in options.items())
        line = f"diffeo explain {files} {words} --batch-size {BATCH} --out {out} {more}"
        monkeypatch.setattr(sys, "argv", line.split())
        process = context.Process(target=_run_quietly)
        process.start()

        return process

    return explain


def _run_quietly() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    torch.set_num_threads(1)

    with pytest.MonkeyPatch.context() as patch:
        draw_coarsely(patch)
        runpy.run_module("diffeo", run_name="__main__")


def finished(out: Path) -> int:
    """Assert that all that lies in a folder is whole; return the finished rows."""

    rows = 0

    for path in out.rglob("*"):
        assert not path.name.startswith("."), path

        if path.suffix == ".safetensors" and ".part" not in str(path):
            record = Counterfactuals.load(path)

            if path.parent.name == "batches":
                assert record.finished.all()
                assert path.stem.startswith(f"{int(path.stem[:5]):05d}-")
                rows += len(record)
            elif record.finished.all() and len(record) == ROWS:
                return ROWS

        if path.name == "request.json" and path.is_file():
            json.loads(path.read_text())

        if path.name == "report.html" and path.is_file() and ".part" not in str(path):
            assert path.read_text().rstrip().endswith("</html>")

    return rows


def await_file(path: Path, process: ForkServerProcess) -> None:
    """Wait until a process has written a file, or has ended."""

    while process.is_alive() and not path.exists():
        time.sleep(0.002)


def same(record: Counterfactuals, other: Counterfactuals) -> bool:
    """Whether two records are equal but for the time that they took."""

    ours, theirs = record.tensors(), other.tensors()

    return record.settings == other.settings and all(
        torch.equal(ours[name], theirs[name]) for name in ours if name != "seconds"
    )


def test_twenty_kills_lose_no_finished_batch(start: Start, tmp_path: Path) -> None:
    whole, out, begun = (tmp_path / name for name in ("whole", "out", "begun"))
    process = start(whole)
    process.join()
    wanted = Counterfactuals.load(whole / "record.safetensors")
    chance = random.Random(0)
    rows, kills, runs = 0, 0, 0

    assert process.exitcode == 0
    assert wanted.finished.all()
    begun.unlink()

    while kills < KILLS:
        number = SIGNALS[kills % len(SIGNALS)]
        process = start(out)
        await_file(begun, process)
        begun.unlink(missing_ok=True)
        process.join(chance.uniform(0, 0.25))

        if process.is_alive():
            os.kill(process.pid or 0, number)
            kills += 1
            process.join(PATIENCE)
            process.kill()

        process.join()
        assert finished(out) >= rows
        rows = finished(out)

        if rows == ROWS:
            runs += 1
            assert same(Counterfactuals.load(out / "record.safetensors"), wanted)
            out, rows = tmp_path / f"out{runs}", 0

    process = start(out)
    process.join()

    assert process.exitcode == 0
    assert same(Counterfactuals.load(out / "record.safetensors"), wanted)
    assert {path.name for path in out.iterdir()} == {
        "request.json",
        "record.safetensors",
        "summary.csv",
        "report.html",
        "gallery.png",
        "images",
    }


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_an_interrupted_search_says_so(
    number: signal.Signals, code: int, start: Start, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start(out, seed=1)

    await_file(out / "batches", process)
    os.kill(process.pid or 0, number)
    process.join()
    record = Counterfactuals.load(out / "record.safetensors")
    rows = int(record.finished.sum())
    page = (out / "report.html").read_text()

    assert process.exitcode == code
    assert 0 < len(record) < ROWS
    assert f"interrupted: {rows} of {ROWS} rows" in page
    assert (out / "summary.csv").read_text().count("\n") == len(record) + 1
