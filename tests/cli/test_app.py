import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch

from command_line import Ended, flags, run
from diffeo.counterfactuals import Counterfactuals


def test_the_version_is_told() -> None:
    assert run("--version").stdout == f"diffeo {metadata.version('diffeo')}\n"


@pytest.mark.parametrize("words", [(), ("--help",)])
def test_help_names_the_commands(words: tuple[str, ...]) -> None:
    ended = run(*words)

    assert ended.code == 0

    for name in (
        "demo",
        "fit",
        "explain",
        "evaluate",
        "report",
        "check",
        "spectrum",
        "train",
    ):
        assert name in ended.stdout


@pytest.mark.parametrize("name", ["explain", "evaluate", "report", "spectrum"])
def test_help_groups_options_and_shows_examples(name: str) -> None:
    ended = run(name, "--help")

    assert ended.code == 0
    assert "Input" in ended.stdout
    assert f"diffeo {name} " in ended.stdout
    assert "RUNS" in ended.stdout  # what a Python file is


def test_help_needs_no_torch() -> None:
    code = (
        "import sys; from diffeo.cli import app\n"
        "try: app(['explain', '--help'])\n"
        "except SystemExit: sys.exit('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, env=environment
    )

    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("explian",), "Error: No such command 'explian'."),
        (("--nonsense",), "Error: No such option: --nonsense"),
        (("report",), "Error: Missing argument 'records'."),
        (("explain", "--steps", "many"), "Error: Invalid value for '--steps'"),
    ],
)
def test_misuse_is_told_in_one_line(words: tuple[str, ...], message: str) -> None:
    ended = run(*words)

    assert ended.code == 2
    assert ended.stderr.startswith(message)
    assert ended.stderr.count("\n") == 1


def test_an_unforeseen_error_is_called_a_bug_and_debug_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: dict[Path, str] = {}
    monkeypatch.setattr("diffeo.workflows.folders.check_place", places.__getitem__)
    words = "report", tmp_path / "record.safetensors", "--out", tmp_path / "out"
    ended, shown = run(*words), run(*words, "--debug")

    assert (ended.code, shown.code) == (1, 1)
    assert ended.stderr == (
        "Error: this is a bug in diffeo; the same command with --debug shows where "
        f"(KeyError: {tmp_path / 'out'!r})\n"
    )
    assert shown.stderr.startswith(ended.stderr)
    assert "Traceback (most recent call last)" in shown.stderr
    assert "check_place(folder)" in shown.stderr


def test_the_demo_writes_its_page_and_prints_its_path_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffeo.workflows.demo.ROWS", 2)
    monkeypatch.setattr("diffeo.workflows.demo.STEPS", 120)
    out = tmp_path / "demo"
    ended = run("demo", "--out", out, "--quiet")
    latent = Counterfactuals.load(out / "latent.safetensors")

    assert ended.code == 0
    assert ended.stdout.splitlines()[-1] == str((out / "report.html").resolve())
    assert len(latent) == 2
    assert latent.reached.all()


def test_spectrum_tells_the_dimension_of_images(tmp_path: Path) -> None:
    out = tmp_path / "spectrum"
    options = {"coordinates": "data", "data": "digits", "limit": 2, "out": out}
    ended = run("spectrum", *flags(**options, quiet=True))

    assert ended.code == 0
    assert "effective_dimension_mean: 784" in ended.stdout
    assert (out / "spectrum.png").is_file()
    assert json.loads((out / "results.json").read_text())["top10_share"] == (
        pytest.approx(10 / 784)
    )


def test_devices_are_named_as_torch_names_them() -> None:
    auto = "cuda" if torch.cuda.is_available() else "cpu"
    ended = run("explain", "--help")

    assert "--device" in ended.stdout
    assert auto in ended.stdout


def test_trained_weights_can_be_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "diffeo.workflows.explain.images.draw_explanation", lambda *_: None
    )
    images = np.random.default_rng(0).random((12, 1, 2, 2), np.float32)
    np.save(tmp_path / "images.npy", images)
    weights = tmp_path / "flow.safetensors"
    words = "fit", tmp_path / "images.npy", "--out", weights
    ended = run(*words, "--epochs", 1, "--quiet")

    assert ended.code == 0, ended
    assert "bits for training images" in ended.stdout
    assert ended.stdout.splitlines()[-1] == str(weights.resolve())
    assert run(*words).code == 2

    (tmp_path / "mine.py").write_text(
        "import torch\n"
        "def model(): return torch.nn.Sequential(torch.nn.Flatten(), "
        "torch.nn.Linear(4, 2)).eval()\n"
    )
    options = {
        "data": tmp_path / "images.npy",
        "model": f"{tmp_path}/mine.py:model",
        "coordinates": weights,
        "target": "other",
        "limit": 2,
        "steps": 2,
        "out": tmp_path / "out",
        "quiet": True,
    }

    assert run("explain", *flags(**options)).code == 0


BARE = """
import sys
from importlib.machinery import PathFinder

class Found:
    def find_distributions(self, *context):
        return PathFinder.find_distributions(*context)

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in {missing}:
            return PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Found()
from diffeo.cli import app

for words in {commands!r}:
    sys.argv[1:] = words

    try:
        app()
    except SystemExit as end:
        print(end.code, "END", sep="\\n")
        print("END", file=sys.stderr)
"""
EXTRAS = "jinja2", "matplotlib", "pytorch_lightning", "sklearn", "torchmetrics", "zuko"
SEARCH = {
    "data": "digits",
    "limit": 2,
    "steps": 2,
    "target": 9,
    "model": "mnist-cnn",
    "coordinates": "mnist-flow",
    "quiet": True,
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Ended]]:
    """How commands ended in a process without extras; the first wrote into a folder."""

    out = tmp_path_factory.mktemp("bare") / "out"
    commands = [
        ["explain", *flags(**SEARCH, out=out)],
        ["demo"],
        ["fit", "digits", "--out", "flow.safetensors"],
        ["evaluate", "none", *flags(data="", model="", coordinates="", out="o")],
    ]
    code = BARE.format(missing=set(EXTRAS), commands=commands)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    shown = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=False,
        env=environment,
        text=True,
    )
    streams = (text.split("END\n")[:-1] for text in (shown.stdout, shown.stderr))
    ends = []

    for told, errors in zip(*streams, strict=True):
        *lines, end = told.splitlines()
        ends.append(Ended(int(end), "\n".join(lines), errors))

    assert len(ends) == len(commands), shown.stderr

    return out, ends


def test_explain_needs_no_extra_but_for_its_page(
    bare: tuple[Path, list[Ended]],
) -> None:
    out, (ended, *_) = bare

    assert ended.code == 0, ended.stderr
    assert "pip install 'diffeo[report]'" in ended.stderr
    assert ended.stdout.splitlines()[-1] == str((out / "summary.csv").resolve())
    assert len(Counterfactuals.load(out / "record.safetensors")) == 2
    assert (out / "images/00001-counterfactual.png").is_file()


def test_commands_name_the_extra_that_they_need(
    bare: tuple[Path, list[Ended]],
) -> None:
    _, (_, *ends) = bare

    for ended, extra in zip(ends, ("report", "train", "evaluate"), strict=True):
        assert ended.code == 2
        assert ended.stdout == ""
        assert ended.stderr.count("\n") == 1
        assert ended.stderr.startswith("Error: ")
        assert f"pip install 'diffeo[{extra}]'" in ended.stderr
