import csv
import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from diffeo.cli import app
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mnist import sample_digits
from diffeo.report.images import read_png, to_8_bits, write_png

MODEL = """
import torch

def good():
    torch.manual_seed(0)
    layers = torch.nn.Flatten(), torch.nn.Linear(784, 10)
    return torch.nn.Sequential(*layers).eval()

def training():
    return good().train()

def probable():
    return torch.nn.Sequential(good(), torch.nn.Softmax(1)).eval()

def narrow():
    return torch.nn.Sequential(torch.nn.Flatten(0), torch.nn.Linear(784, 10)).eval()

class Nothing(torch.nn.Module):
    def forward(self, x):
        return x.flatten(1)[:, :10] * torch.nan

def nothing():
    return Nothing().eval()

def number():
    return 3
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A Python file whose functions return models."""

    path = tmp_path / "my_models.py"
    path.write_text(MODEL)

    return path


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])

    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception

    return result.exit_code, result.output


def explain(out: Path, *words: object, **options: object) -> tuple[int, str]:
    settings: dict[str, object] = {
        "data": "digits",
        "model": "mnist-cnn",
        "coordinates": "mnist-flow",
        "target": 9,
        "limit": 3,
        "steps": 60,
    } | options
    flags = [word for key, value in settings.items() for word in (f"--{key}", value)]

    return run("explain", *flags, "--out", out, "--quiet", *words)


def test_explain_writes_all_there_is_to_see(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, output = explain(out)
    record = Counterfactuals.load(out / "record.safetensors")

    with (out / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert code == 0
    assert output.splitlines()[-1] == str((out / "report.html").resolve())
    assert (out / "report.html").is_file()
    assert (out / "gallery.png").is_file()
    assert torch.equal(record.factual, sample_digits().images[:3])
    assert [row["target"] for row in rows] == ["9"] * 3
    assert [int(row["steps"]) for row in rows] == record.steps.tolist()

    for row in range(3):
        picture = read_png(out / f"images/{row:05d}-counterfactual.png")
        assert torch.equal(picture, to_8_bits(record.counterfactual)[row])


@pytest.mark.parametrize(
    ("options", "backward"),
    [({}, "plain"), ({"backward": "reversible"}, "reversible")],
)
def test_explain_states_the_backward_pass(
    options: dict[str, object], backward: str, tmp_path: Path
) -> None:
    code, _ = explain(tmp_path / "out", **options, limit=1, steps=5)
    record = Counterfactuals.load(tmp_path / "out" / "record.safetensors")

    assert code == 0
    assert record.settings["backward"] == backward


def test_explain_takes_pictures_and_a_python_function(
    model: Path, tmp_path: Path
) -> None:
    pictures, out = tmp_path / "pictures", tmp_path / "out"
    pictures.mkdir()

    for row, image in enumerate(sample_digits().images[:2]):
        write_png(image, pictures / f"{row}.png")

    code, _ = explain(
        out,
        data=pictures,
        model=f"{model}:good",
        coordinates="data",
        target="other",
        rate=0.05,
    )
    record = Counterfactuals.load(out / "record.safetensors")

    assert code == 0
    assert len(record) == 2
    assert record.reached.all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": "none"}, "data must be a file or folder, got none"),
        ({"model": "none"}, "weights must be one of"),
        ({"model": "none.py:good"}, "the model's file must exist, got none.py"),
        ({"coordinates": "none"}, "weights must be one of"),
        ({"coordinates": "mnist-cnn"}, "coordinates must be a generative model"),
        ({"target": 10}, "class from 0 to 9, got 10"),
        ({"target": "nine"}, "target must be a class number or 'other', got nine"),
        ({"confidence": 1}, "confidence must be between 0 and 1"),
        ({"confidence": 0}, "confidence must be between 0 and 1"),
        ({"rate": 0}, "rate must be above 0"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"batch-size": 0}, "batch_size must be at least 1"),
        ({"backward": "none"}, "must be one of auto, plain, reversible, got none"),
        ({"batch-size": "all"}, "batch_size must be a number or 'auto', got all"),
    ],
)
def test_bad_input_to_explain_is_told_in_a_sentence(
    options: dict[str, object], message: str, tmp_path: Path
) -> None:
    code, output = explain(tmp_path / "out", **options)

    assert code == 2
    assert message in output
    assert "Traceback" not in output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("training", "evaluation mode, got training mode"),
        ("probable", "Logits(model)"),
        ("nothing", "finite outputs"),
        ("number", "must return a torch.nn.Module, got int"),
        ("missing", "must define a function missing"),
    ],
)
def test_bad_models_are_told_in_a_sentence(
    function: str, message: str, model: Path, tmp_path: Path
) -> None:
    code, output = explain(tmp_path / "out", model=f"{model}:{function}")

    assert code == 2
    assert message in output


def test_an_existing_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "keep").write_text("kept")
    code, output = explain(tmp_path)

    assert code == 2
    assert "which exists" in output
    assert [file.name for file in tmp_path.iterdir()] == ["keep"]

    assert explain(tmp_path, "--overwrite")[0] == 0
    assert (tmp_path / "keep").read_text() == "kept"
    assert (tmp_path / "report.html").is_file()


def test_the_demo_writes_its_page_and_prints_its_path_last(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    code, output = run("demo", "--out", out, "--quiet")
    latent = Counterfactuals.load(out / "latent.safetensors")

    assert code == 0
    assert output.splitlines()[-1] == str((out / "report.html").resolve())
    assert len(latent) == 32
    assert latent.reached.float().mean() >= 0.95


def test_help_says_that_a_python_file_is_run() -> None:
    code, output = run("explain", "--help")

    assert code == 0
    assert "RUNS" in output


def test_spectrum_tells_the_dimension_of_images(tmp_path: Path) -> None:
    out = tmp_path / "spectrum"
    words = "--coordinates", "data", "--data", "digits", "--limit", 2, "--out", out
    code, output = run("spectrum", *words, "--quiet")

    assert code == 0
    assert "effective_dimension_mean: 784" in output
    assert (out / "spectrum.png").is_file()
    assert json.loads((out / "results.json").read_text())["top10_share"] == (
        pytest.approx(10 / 784)
    )
