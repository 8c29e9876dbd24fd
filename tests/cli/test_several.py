"""Several counterfactuals of each input on the command line."""

import csv
from pathlib import Path

import pytest
import torch

from command_line import Ended, flags, run
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mnist import sample_digits
from diffeo.search import search_batches
from diffeo.several import alternatives

MODEL = """
import torch

def linear():
    torch.manual_seed(0)
    layers = torch.nn.Flatten(), torch.nn.Linear(784, 10)
    return torch.nn.Sequential(*layers).eval()
"""
FEW = {"limit": 3, "several": 2, "steps": 200, "batch_size": 2}


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no page, which takes longer than all else."""

    monkeypatch.setattr(
        "diffeo.workflows.explain.images.draw_explanation", lambda *_: None
    )


def explain(folder: Path, out: Path, **options: object) -> Ended:
    (folder / "net.py").write_text(MODEL)
    settings: dict[str, object] = {
        "data": "digits",
        "model": f"{folder / 'net.py'}:linear",
        "coordinates": "data",
        "rate": 0.02,
        "target": 9,
        "confidence": 0.3,
        "out": out,
        "quiet": True,
    }

    return run("explain", *flags(**{**settings, **options}))


def test_all_are_in_record_table_and_page(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = explain(tmp_path, out, **FEW)
    record = Counterfactuals.load(out / "record.safetensors")
    page = (out / "report.html").read_text()

    with (out / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert ended.code == 0, ended
    assert ended.stdout.splitlines()[0] == "6 of 6 reached the target (6 reached)"
    assert "3 of 3 inputs have 2 that differ" in ended.stdout
    assert torch.equal(
        record.factual, sample_digits().images[:3].repeat_interleave(2, 0)
    )
    assert [row["input"] for row in rows] == ["0", "0", "1", "1", "2", "2"]
    assert [row["alternative"] for row in rows] == ["1", "2"] * 3
    assert all(float(row["nearest_angle"]) >= 44.9 for row in rows)
    assert page.count('alt="input x"') == 3
    assert page.count('<section class="method"') == 6
    assert page.count('href="summary.csv"') == 1
    assert "Distance of two x′ over that to x" in page
    assert (out / "gallery.png").is_file()
    assert len(list((out / "images/2-of-2").iterdir())) == 6

    again = run("report", out / "record.safetensors", *flags(out=tmp_path / "page"))

    assert again.code == 0, again
    assert (tmp_path / "page/summary.csv").is_file()


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("finished", [1, 3], ids=["in the first", "in the second"])
def test_the_same_command_goes_on_where_the_last_one_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: int
) -> None:
    searched: list[int] = []

    def failing(x: torch.Tensor, *rest: object) -> object:
        for record in search_batches(x, *rest):  # type: ignore[arg-type]
            if len(searched) == finished:
                raise RuntimeError("out of reach")

            searched.append(len(record))
            yield record

    with monkeypatch.context() as patched:
        patched.setattr("diffeo.workflows.explain.explanation.search_batches", failing)
        explain(tmp_path, tmp_path / "out", **FEW)

    again = explain(tmp_path, tmp_path / "out", **FEW)
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")
    explain(tmp_path, tmp_path / "whole", **FEW)
    whole = Counterfactuals.load(tmp_path / "whole/record.safetensors")
    ended = explain(tmp_path, tmp_path / "out", **FEW)

    assert again.code == 0
    assert again.stderr == f"going on: {sum(searched)} of 6 rows are there\n"
    assert record.settings == whole.settings
    assert torch.equal(record.latent, whole.latent)
    assert ended.stderr == "finished already: 6 of 6 rows are there\n"
    assert (ended.code, ended.stdout) == (again.code, again.stdout)


@pytest.mark.usefixtures("undrawn")
def test_one_is_a_search_as_ever(tmp_path: Path) -> None:
    explain(tmp_path, tmp_path / "out", limit=1, steps=2, several=1)
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")

    assert not record.statements
    assert len(alternatives(record)) == 1


def test_no_counterfactual_at_all_is_told_in_a_sentence(tmp_path: Path) -> None:
    ended = explain(tmp_path, tmp_path / "out", several=0)

    assert ended.code == 2
    assert "must be at least 1, got 0" in ended.stderr
