"""Whatever a user names, a command works or says in one sentence why it does not."""

import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from command_line import Ended, flags, run
from diffeo import zoo
from diffeo.coordinates.identity import Identity
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.dequantization import dequantize
from diffeo.objectives import TargetClass
from diffeo.search import Run, search

MODELS = """
import numpy, sys, torch

class Answers(torch.nn.Module):
    "Three logits of images of 4 by 4 pixels, made strange by a rule."

    def __init__(self, rule, pixels=16):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(pixels, 3)
        )
        self.rule = rule
        self.eval()

    def forward(self, x):
        return self.rule(self.layers(x))

def good(): return Answers(lambda y: y)
def double_outputs(): return Answers(lambda y: y.double())
def half_outputs(): return Answers(lambda y: y.half())
def complex_outputs(): return Answers(lambda y: y + 0j)
def whole_outputs(): return Answers(lambda y: (100 * y).long())
def detached(): return Answers(lambda y: y.detach())
def constant(): return Answers(lambda y: torch.zeros_like(y).detach())
def flat(): return Answers(lambda y: 0 * y)
def steps(): return Answers(lambda y: y.sign())
def dictionary(): return Answers(lambda y: {"logits": y})
def several(): return Answers(lambda y: (y, y))
def arrays(): return Answers(lambda y: y.detach().numpy())
def without_gradient(): return Answers(torch.no_grad()(lambda y: y.clone()))
def nowhere_finite(): return Answers(lambda y: y * numpy.nan)
def scalar(): return Answers(lambda y: y.sum())
def random(): return Answers(lambda y: y + torch.rand_like(y))
def of_the_batch(): return Answers(lambda y: y + len(y))
def training(): return good().train()
def double_weights(): return good().double()
def half_weights(): return good().half()
def elsewhere(): return good().to("meta")
def large(): return Answers(lambda y: y, pixels=9)
def needs(argument): return good()
def fails(): raise KeyError("my own bug")
def leaves(): sys.exit(3)
def nothing(): return None
number = 3

class Failing(torch.nn.Module):
    def forward(self, x):
        raise KeyError("my own bug")

def failing(): return Failing().eval()

class Place:
    def encode(self, x): return x.flatten(1)
    def decode(self, z): return z.reshape(-1, 1, 4, 4)

def place(): return Place()

class Elsewhere(Place):
    def decode(self, z): return z.reshape(-1, 4, 4)

def misshapen(): return Elsewhere()
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of inputs, most of them strange."""

    folder = tmp_path_factory.mktemp("inputs")
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(6, 1, 4, 4, generator=generator)
    (folder / "models.py").write_text(MODELS)
    (folder / "syntax.py").write_text("def good(:\n")
    (folder / "text.txt").write_text("neither a picture nor weights")
    (folder / "latin.txt").write_bytes("Stra\xdfe\n".encode("latin-1"))
    (folder / "names.txt").write_text("cat\ndog\nbird\n\n\n")
    (folder / "two.txt").write_text("cat\ndog\n")
    torch.save(torch.nn.Linear(1, 1).state_dict(), folder / "net.pt")
    _write_arrays(x.numpy(), folder)
    _write_pictures(folder)
    _write_weights(x, folder)
    _write_records(x, folder)

    return folder


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no page, which takes longer than all else."""

    monkeypatch.setattr(
        "diffeo.workflows.explain.images.draw_explanation", lambda *_: None
    )


def _write_arrays(x: np.ndarray, folder: Path) -> None:
    arrays = {
        "good": x,
        "plenty": x.repeat(4, 0),
        "no_rows": x[:0],
        "no_channels": x[:, :0],
        "no_pixels": x[:, :, :0],
        "colors": x.repeat(3, 1),
        "digits_last": x.repeat(7, 2).repeat(7, 3).transpose(0, 2, 3, 1),
        "large": x.repeat(3, 2).repeat(3, 3),
        "nan": np.where(x > 0.5, np.nan, x),
        "negative": x - 0.5,
        "to_255": 255 * x,
        "nearly": x / x.max() * 1.000001,
        "words": np.array([["a", "b"]]),
        "flat": x.reshape(6, 16),
    }

    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values)


def _write_pictures(folder: Path) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))

        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    (folder / "bomb.png").write_bytes(start + chunk(b"IEND", b""))
    (folder / "cut.png").write_bytes(start[:20])
    (folder / "empty").mkdir()
    (folder / "sizes").mkdir()
    Image.new("L", (4, 4)).save(folder / "sizes/1.png")
    Image.new("L", (5, 4)).save(folder / "sizes/2.png")


def _write_weights(x: Tensor, folder: Path) -> None:
    level = {"steps": 1, "width": 4}
    recipe = zoo.Recipe("realnvp", {"shape": [1, 4, 4], "levels": [level], "bins": 4})
    model = recipe.build()
    generator = torch.Generator().manual_seed(0)
    initialize(model, dequantize(x.repeat(7, 1, 1, 1), generator=generator))
    card = zoo.Card(recipe, "noise", "none", "none", {"bits": 1.5})
    zoo.save(model, card, folder / "flow.safetensors")

    with safe_open(folder / "flow.safetensors", framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    settings = json.loads(metadata["settings"])
    real = next(name for name in tensors if name.endswith("shift"))
    shape = {**settings, "shape": [1, 6, 6]}
    wide = {**settings, "levels": [{"steps": 1, "width": 300_000}]}
    changed: dict[str, tuple[dict[str, Tensor], dict[str, str | None]]] = {
        "no_recipe": (tensors, {"recipe": None}),
        "no_levels": (tensors, {"settings": "{}"}),
        "no_figures": (tensors, {"figures": None}),
        "list_settings": (tensors, {"settings": "[1]"}),
        "null_settings": (tensors, {"settings": "null"}),
        "broken_settings": (tensors, {"settings": "{"}),
        "other_shape": (tensors, {"settings": json.dumps(shape)}),
        "too_wide": (tensors, {"settings": json.dumps(wide)}),
        "more_settings": (tensors, {"settings": json.dumps({**settings, "zzz": 1})}),
        "cnn_recipe": (tensors, {"recipe": "cnn"}),
        "extra_tensor": ({**tensors, "zzz": torch.ones(1)}, {}),
        "missing_tensor": ({k: v for k, v in tensors.items() if k != real}, {}),
        "no_tensors": ({}, {}),
        "misshapen": ({**tensors, real: tensors[real][None]}, {}),
        "nan_weights": ({**tensors, real: tensors[real] * torch.nan}, {}),
        "zero": ({name: 0 * value for name, value in tensors.items()}, {}),
    }

    for name, (values, entries) in changed.items():
        head = {k: v for k, v in {**metadata, **entries}.items() if v is not None}
        save_file(values, folder / f"{name}.safetensors", metadata=head)


def _write_records(x: Tensor, folder: Path) -> None:
    record = search(
        x,
        lambda x: x.flatten(1)[:, :3],
        TargetClass(1, 0.5),
        Identity((1, 4, 4)),
        run=Run(steps=3, path=True),
    )
    record.save(folder / "record.safetensors")

    with safe_open(folder / "record.safetensors", framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    changed: dict[str, tuple[dict[str, Tensor], dict[str, str | None]]] = {
        "no_settings": (tensors, {"settings": None}),
        "listed_settings": (tensors, {"settings": "[1]"}),
        "other_version": (tensors, {"version": "99"}),
        "missing_field": ({k: v for k, v in tensors.items() if k != "target"}, {}),
        "other_type": ({**tensors, "steps": tensors["steps"].double()}, {}),
        "one_output": (
            {**tensors, "outputs_before": tensors["outputs_before"][:, :1]},
            {},
        ),
        "small_image": (
            {**tensors, "counterfactual": tensors["counterfactual"][..., 1:]},
            {},
        ),
        "far_target": ({**tensors, "target": tensors["target"] + 50}, {}),
        "rowless": ({name: value[:0] for name, value in tensors.items()}, {}),
        "misshapen_path": (
            {**tensors, "path_latent": tensors["path_latent"][:, :0]},
            {},
        ),
    }

    for name, (values, entries) in changed.items():
        head = {k: v for k, v in {**metadata, **entries}.items() if v is not None}
        save_file(
            {name: value.contiguous() for name, value in values.items()},
            folder / f"record_{name}.safetensors",
            metadata=head,
        )


def explain(files: Path, out: Path, **options: object) -> Ended:
    settings: dict[str, object] = {
        "data": files / "good.npy",
        "model": f"{files / 'models.py'}:good",
        "coordinates": "data",
        "target": 1,
        "steps": 3,
        "rate": 0.5,
        "out": out,
        "quiet": True,
    } | options

    return run("explain", *flags(**settings))


def refused(ended: Ended, named: str, out: Path) -> None:
    """Assert that there is one line which names the thing, and nothing else."""

    lines = ended.stderr.splitlines()

    assert ended.code == 2, ended
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("Error: ")
    assert named in lines[0]
    assert not out.exists()


def model(name: str) -> Callable[[Path], dict[str, object]]:
    return lambda files: {"model": f"{files / 'models.py'}:{name}"}


def data(name: str) -> Callable[[Path], dict[str, object]]:
    return lambda files: {"data": files / name}


def weights(name: str) -> Callable[[Path], dict[str, object]]:
    return lambda files: {"coordinates": files / f"{name}.safetensors"}


def option(**options: object) -> Callable[[Path], dict[str, object]]:
    return lambda _: options


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (data("bomb.png"), "bomb.png"),
        (data("cut.png"), "cut.png"),
        (data("no_rows.npy"), "no_rows.npy"),
        (data("no_channels.npy"), "no_channels.npy"),
        (data("no_pixels.npy"), "no_pixels.npy"),
        (data("nan.npy"), "finite"),
        (data("negative.npy"), "[0, 1]"),
        (data("to_255.npy"), "[0, 1]"),
        (data("words.npy"), "words.npy"),
        (data("flat.npy"), "flat.npy"),
        (data("text.txt"), "text.txt"),
        (data("net.pt"), "net.pt"),
        (data("empty"), "empty"),
        (data("sizes"), "2.png"),
        (data("none"), "none"),
        (lambda files: {"data": files / "colors.npy", "model": "mnist-cnn"}, "model"),
        (lambda files: {"data": files / "large.npy", "model": "mnist-cnn"}, "model"),
        (data("digits_last.npy"), "numpy.moveaxis"),
        (option(limit=0), "limit"),
        (option(limit=-1), "limit"),
        (option(resize=0), "resize"),
        (option(crop=9), "crop"),
        (option(data="digits", resize=9), "resize"),
    ],
)
def test_images(
    options: Callable[[Path], dict[str, object]],
    named: str,
    files: Path,
    tmp_path: Path,
) -> None:
    refused(explain(files, tmp_path / "out", **options(files)), named, tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (model("complex_outputs"), "complex"),
        (model("whole_outputs"), "int64"),
        (model("detached"), "gradient"),
        (model("constant"), "gradient"),
        (model("without_gradient"), "gradient"),
        (model("dictionary"), "dict"),
        (model("several"), "tuple"),
        (model("arrays"), "ndarray"),
        (model("nowhere_finite"), "NaN"),
        (model("scalar"), "row"),
        (model("random"), "model"),
        (model("of_the_batch"), "model"),
        (model("training"), "eval()"),
        (model("elsewhere"), "meta"),
        (model("needs"), "argument"),
        (model("number"), "number"),
        (model("nothing"), "NoneType"),
        (model("missing"), "missing"),
        (lambda files: {"model": files / "models.py"}, "FUNCTION"),
        (lambda files: {"model": files / "net.pt"}, "FUNCTION"),
        (lambda files: {"model": files / "text.txt"}, "FUNCTION"),
        (lambda files: {"model": files / "flow.safetensors"}, "generative"),
        (option(model="mnist-flow"), "generative"),
        (option(model="helix-classifier"), "model"),
        (option(model="none"), "mnist-cnn"),
        (option(model="none.py:good"), "none.py"),
    ],
)
def test_models(
    options: Callable[[Path], dict[str, object]],
    named: str,
    files: Path,
    tmp_path: Path,
) -> None:
    ended = explain(files, tmp_path / "out", **options(files))

    refused(ended, named, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("models.py:fails", 'raise KeyError("my own bug")'),
        ("models.py:failing", 'raise KeyError("my own bug")'),
        ("models.py:leaves", "sys.exit(3)"),
        ("models.py:large", "self.layers(x)"),
        ("models.py:double_weights", "self.layers(x)"),
        ("models.py:half_weights", "self.layers(x)"),
        ("syntax.py:good", "def good(:"),
    ],
)
def test_errors_in_the_users_file_keep_their_traceback(
    name: str, line: str, files: Path, tmp_path: Path
) -> None:
    ended = explain(files, tmp_path / "out", model=files / name)
    path = str(files / name.split(":")[0])

    assert ended.code == 2
    assert ended.stderr.startswith("Error: ")
    assert f"This error is in {path}, not in diffeo" in ended.stderr
    assert line in ended.stderr
    assert "src/diffeo" not in ended.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    "options",
    [
        model("good"),
        model("double_outputs"),
        model("half_outputs"),
        lambda files: {"coordinates": f"{files / 'models.py'}:place"},
        lambda files: {"coordinates": files / "flow.safetensors"},
        lambda files: {"classes": files / "names.txt", "target": "dog"},
        data("nearly.npy"),
        option(limit=2),
    ],
)
def test_what_is_right_works(
    options: Callable[[Path], dict[str, object]], files: Path, tmp_path: Path
) -> None:
    ended = explain(files, tmp_path / "out", **options(files))

    assert ended.code == 0, ended
    assert "reached the target" in ended.stdout
    assert (tmp_path / "out/record.safetensors").is_file()


@pytest.mark.usefixtures("undrawn")
@pytest.mark.filterwarnings("default:no row can take a step")
def test_names_of_files_that_are_no_text_are_escaped(
    files: Path, tmp_path: Path
) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()

    for name in (b"th\xe9.png", b"1.png"):
        shutil.copy(files / "sizes/1.png", folder / os.fsdecode(name))

    model = f"{files / 'models.py'}:steps"

    ended = explain(files, tmp_path / "out", data=folder, model=model)

    assert ended.code == 0, ended
    assert "2 failed: 1.png, th\\udce9.png" in ended.stdout
    assert "th\\udce9.png" in (tmp_path / "out/summary.csv").read_text()


@pytest.mark.usefixtures("undrawn")
@pytest.mark.filterwarnings("default:no row can take a step")
@pytest.mark.parametrize("name", ["flat", "steps"])
def test_a_model_without_slope_is_warned_of(
    name: str, files: Path, tmp_path: Path
) -> None:
    ended = explain(files, tmp_path / "out", **model(name)(files))

    assert ended.code == 0
    assert "Warning: no row can take a step: the gradient" in ended.stderr
    assert "0 of 6 reached the target (6 exhausted)" in ended.stdout


@pytest.mark.parametrize(
    "name",
    [
        "no_recipe",
        "no_levels",
        "no_figures",
        "list_settings",
        "null_settings",
        "broken_settings",
        "other_shape",
        "too_wide",
        "more_settings",
        "cnn_recipe",
        "extra_tensor",
        "missing_tensor",
        "no_tensors",
        "misshapen",
        "nan_weights",
        "zero",
    ],
)
def test_changed_weights(name: str, files: Path, tmp_path: Path) -> None:
    ended = explain(files, tmp_path / "out", **weights(name)(files))

    refused(ended, f"{name}.safetensors", tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (option(coordinates="mnist-cnn"), "encode"),
        (option(coordinates="helix-flow"), "coordinates"),
        (option(coordinates="mnist-flow", resize=4), "coordinates"),
        (lambda files: {"coordinates": f"{files}/models.py:misshapen"}, "decode"),
        (option(target=3), "class"),
        (option(target=-1), "target"),
        (option(target="dog"), "--classes"),
        (option(target=None), "--at-least"),
        (option(at_least=1), "--target and --at-least"),
        (option(target=None, at_least="nan"), "--at-least"),
        (option(target=None, at_most="inf"), "--at-most"),
        (option(target=None, near=1), "--within"),
        (option(target=None, near=1, within=0), "within"),
        (option(target=None, near=1, within=-1), "within"),
        (option(within=1), "--target and --within"),
        (option(target=None, at_least=1, confidence=0.9), "--target"),
        (option(target=None, at_least=1), "one value"),
        (option(confidence=0), "confidence"),
        (option(confidence=1), "confidence"),
        (option(confidence="nan"), "confidence"),
        (option(rate=0), "rate"),
        (option(rate="inf"), "rate"),
        (option(rate="nan"), "rate"),
        (option(steps=0), "steps"),
        (option(steps="many"), "--steps"),
        (option(restarts=-1), "restarts"),
        (option(batch_size=0), "batch_size"),
        (option(batch_size="all"), "batch_size"),
        (option(backward="none"), "--backward"),
        (option(precision="int8"), "--precision"),
        (option(device="tpu"), "tpu"),
        (option(device="meta"), "meta"),
        (option(nonsense=1), "--nonsense"),
        (lambda files: {"classes": files / "two.txt"}, "3 classes"),
        (lambda files: {"classes": files / "none.txt"}, "none.txt"),
        (lambda files: {"classes": files / "latin.txt"}, "latin.txt"),
        (
            lambda files: {"classes": files / "names.txt", "target": "cow"},
            "cat, dog, bird",
        ),
    ],
)
def test_options(
    options: Callable[[Path], dict[str, object]],
    named: str,
    files: Path,
    tmp_path: Path,
) -> None:
    refused(explain(files, tmp_path / "out", **options(files)), named, tmp_path / "out")


def test_an_output_folder_below_a_file_is_refused(files: Path, tmp_path: Path) -> None:
    out = tmp_path / "file" / "out"
    (tmp_path / "file").write_text("a file")

    refused(explain(files, out), str(tmp_path / "file"), out)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("no_settings", "settings"),
        ("listed_settings", "settings"),
        ("other_version", "version 99"),
        ("missing_field", "target"),
        ("other_type", "steps"),
        ("one_output", "outputs_after"),
        ("small_image", "counterfactual"),
        ("far_target", "record"),
        ("rowless", "row"),
        ("misshapen_path", "path"),
    ],
)
def test_changed_records(name: str, named: str, files: Path, tmp_path: Path) -> None:
    record, out = files / f"record_{name}.safetensors", tmp_path / "out"
    refused(run("report", record, "--out", out), named, out)

    options = {"data": files, "model": "mnist-cnn", "coordinates": "data", "out": out}
    refused(run("evaluate", record, *flags(**options)), named, out)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (model("nowhere_finite"), "NaN"),
        (option(model="mnist-cnn"), "model"),
        (model("training"), "eval()"),
        (option(coordinates="mnist-flow", resize=4), "coordinates"),
        (option(data="digits"), "(1, 4, 4)"),
        (option(data="digits", resize=4), "resize"),
        (option(data="mnist", crop=4), "crop"),
        (lambda files: {"data": files / "empty"}, "empty"),
        (option(data="none"), "none"),
    ],
)
def test_an_evaluation_is_refused_before_judges_are_trained(
    options: Callable[[Path], dict[str, object]],
    named: str,
    files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIFFEO_CACHE", str(tmp_path / "cache"))
    labelled, out = tmp_path / "labelled", tmp_path / "out"

    for label in range(3):
        (labelled / str(label)).mkdir(parents=True)

        for row in range(4):
            gray = np.full((4, 4), 60 * label + row, np.uint8)
            Image.fromarray(gray).save(labelled / f"{label}/{row}.png")

    settings: dict[str, object] = {
        "data": labelled,
        "model": f"{files / 'models.py'}:good",
        "coordinates": "data",
        "out": out,
        "quiet": True,
    } | options(files)

    refused(
        run("evaluate", files / "record.safetensors", *flags(**settings)), named, out
    )
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (option(limit=0), "limit"),
        (option(limit=-1), "limit"),
        (data("nan.npy"), "finite"),
        (data("negative.npy"), "[0, 1]"),
        (data("to_255.npy"), "[0, 1]"),
        (weights("nan_weights"), "nan_weights"),
        (weights("zero"), "zero"),
        (option(coordinates="mnist-flow", resize=4), "coordinates"),
    ],
)
def test_spectra(
    options: Callable[[Path], dict[str, object]],
    named: str,
    files: Path,
    tmp_path: Path,
) -> None:
    settings: dict[str, object] = {
        "data": files / "good.npy",
        "coordinates": files / "flow.safetensors",
        "out": tmp_path / "out",
        "quiet": True,
    } | options(files)

    refused(run("spectrum", *flags(**settings)), named, tmp_path / "out")


@pytest.mark.parametrize("classes", ["two.txt", "latin.txt", "none.txt"])
def test_names_on_a_report(classes: str, files: Path, tmp_path: Path) -> None:
    words = files / "record.safetensors", "--classes", files / classes
    named = "3 classes" if classes == "two.txt" else classes

    refused(run("report", *words, "--out", tmp_path / "out"), named, tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (option(epochs=0), "epochs"),
        (option(minutes=0), "minutes"),
        (option(minutes="nan"), "minutes"),
        (option(resume=True), "flow.training/plan.json"),
        (option(size=3), "even"),
        (option(out="flow.pt"), "flow.pt"),
        (option(data="none"), "none"),
        (data("good.npy"), "at least 10 images"),
    ],
)
def test_trainings(
    options: Callable[[Path], dict[str, object]],
    named: str,
    files: Path,
    tmp_path: Path,
) -> None:
    settings: dict[str, object] = {
        "data": files / "plenty.npy",
        "epochs": 1,
        "out": tmp_path / "flow.safetensors",
        "quiet": True,
    } | options(files)

    if "size" in settings:
        settings["data"] = files / "sizes"

    ended = run("fit", settings.pop("data"), *flags(**settings))
    refused(ended, named, tmp_path / "flow.safetensors")
    assert not (tmp_path / "flow.training").exists()
