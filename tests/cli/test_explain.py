import csv
import json
from pathlib import Path

import pytest
import torch

from command_line import Ended, flags, run
from diffeo import zoo
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.data.images import read_images
from diffeo.data.levels import to_8_bits
from diffeo.data.mnist import sample_digits
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.dequantization import dequantize
from diffeo.models.flow.flow import as_flow
from diffeo.report.images import write_png
from diffeo.search import search_batches
from diffeo.statements.agreement import agreement
from diffeo.workflows.models import find_model

MODEL = """
import torch

def good(seed=0):
    torch.manual_seed(seed)
    layers = torch.nn.Flatten(), torch.nn.Linear(784, 10)
    return torch.nn.Sequential(*layers).eval()

def other():
    return good(1)

def two():
    return torch.nn.Sequential(good(), torch.nn.Linear(10, 2)).eval()

class Brightness(torch.nn.Module):
    def forward(self, x):
        return x.mean((1, 2, 3))

def third():
    return good(2)

def brightness():
    return Brightness().eval()

def brighter():
    return torch.nn.Sequential(brightness(), Twice()).eval()

class Twice(torch.nn.Module):
    def forward(self, x):
        return 2 * x

class Coarse(torch.nn.Module):
    def encode(self, x):
        return torch.nn.functional.avg_pool2d(x, 2).flatten(1)

    def decode(self, z):
        return torch.nn.functional.interpolate(z.reshape(-1, 1, 14, 14), scale_factor=2)

def coarse():
    return Coarse().eval()

def probable():
    return torch.nn.Sequential(good(), torch.nn.Softmax(1)).eval()
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A Python file whose functions return models."""

    path = tmp_path / "my_models.py"
    path.write_text(MODEL)

    return path


@pytest.fixture(scope="module")
def small_flow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a flow of digits that hardly differs from its first weights."""

    levels = [{"steps": 1, "width": 8}] * 2
    recipe = zoo.Recipe("glow", {"shape": [1, 28, 28], "levels": levels, "bins": 8})
    flow = as_flow(recipe.build())
    generator = torch.Generator().manual_seed(0)
    initialize(flow, dequantize(sample_digits().images[:100], generator=generator))
    path = tmp_path_factory.mktemp("flow") / "flow.safetensors"
    zoo.save(flow, zoo.Card(recipe, "digits", "none", "none", {}), path)

    return path


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no page, which takes longer than all else."""

    monkeypatch.setattr(
        "diffeo.workflows.explain.images.draw_explanation", lambda *_: None
    )


def explain(out: Path, **options: object) -> Ended:
    settings: dict[str, object] = {
        "data": "digits",
        "model": "mnist-cnn",
        "coordinates": "mnist-flow",
        "target": 9,
        "limit": 3,
        "steps": 60,
        "out": out,
        "quiet": True,
    } | options

    return run("explain", *flags(**settings))


def test_explain_writes_all_there_is_to_see(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = explain(out, path=True, limit=2, steps=200)
    record = Counterfactuals.load(out / "record.safetensors")
    page = (out / "report.html").read_text()

    with (out / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert ended.code == 0
    assert ended.stdout.splitlines()[0] == "2 of 2 reached the target (2 reached)"
    assert ended.stdout.splitlines()[1].startswith("medians: steps ")
    assert ended.stdout.splitlines()[-1] == str((out / "report.html").resolve())
    assert (out / "gallery.png").is_file()
    assert torch.equal(record.factual, sample_digits().images[:2])
    assert [row["target"] for row in rows] == ["9"] * 2
    assert [int(row["steps"]) for row in rows] == record.steps.tolist()
    assert record.settings["model"] == {"name": "mnist-cnn"}
    assert record.settings["coordinates"] == {"name": "mnist-flow"}
    assert "No path is shown" not in page
    assert not (out / "batches").exists()

    for row in range(2):
        picture = read_images(out / f"images/{row:05d}-counterfactual.png").images
        assert torch.equal(picture[0], to_8_bits(record.counterfactual)[row])


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("options", "backward"),
    [({}, "plain"), ({"backward": "reversible"}, "reversible")],
)
def test_explain_states_the_backward_pass(
    options: dict[str, object], backward: str, tmp_path: Path
) -> None:
    ended = explain(tmp_path / "out", **options, limit=1, steps=5)
    record = Counterfactuals.load(tmp_path / "out" / "record.safetensors")

    assert ended.code == 0
    assert record.settings["backward"] == backward
    assert not record.paths


def test_explain_takes_pictures_and_a_python_function(
    model: Path, tmp_path: Path
) -> None:
    pictures, out = tmp_path / "pictures", tmp_path / "out"
    pictures.mkdir()

    for name, image in zip(("one", "two"), sample_digits().images[:2], strict=True):
        write_png(image, pictures / f"{name}.png")

    ended = explain(
        out,
        data=pictures,
        model=f"{model}:good",
        coordinates="data",
        target="other",
        rate=0.05,
    )
    record = Counterfactuals.load(out / "record.safetensors")

    assert ended.code == 0
    assert record.names == ("one.png", "two.png")
    assert record.reached.all()
    assert "one.png" in (out / "report.html").read_text()
    assert "two.png" in (out / "summary.csv").read_text()
    assert (out / "images/00001-two-counterfactual.png").is_file()


@pytest.mark.usefixtures("undrawn")
def test_pictures_get_the_side_of_the_flow(
    small_flow: Path, model: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / "wide" / name).mkdir(parents=True)
        write_png(torch.zeros(1, 30, 40), tmp_path / "wide" / name / "0.png")

    options = {"data": tmp_path / "wide", "typical_of": tmp_path / "wide", "target": 1}
    options |= {"coordinates": small_flow, "model": f"{model}:good"}
    ended = explain(tmp_path / "out", **options, confidence=0.1)
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")

    assert ended.code == 0, ended.stderr
    assert record.factual.shape == (2, 1, 28, 28)
    assert record.statements["references"].tolist() == [1, 1]


@pytest.mark.usefixtures("undrawn")
def test_classes_are_called_as_the_data_say_if_the_model_has_as_many(
    model: Path, tmp_path: Path
) -> None:
    for row, name in enumerate(("cat", "dog")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        write_png(sample_digits().images[row], tmp_path / "pets" / name / "0.png")

    options = {"data": tmp_path / "pets", "coordinates": "data", "steps": 1}
    named = explain(
        tmp_path / "two", **options, model=f"{model}:two", target="dog", limit=1
    )
    numbered = explain(tmp_path / "ten", **options, model=f"{model}:good", target="dog")
    lines = (tmp_path / "two/summary.csv").read_text().splitlines()

    assert named.code == 0, named.stderr
    assert lines[1].startswith("0,cat/0.png,dog,")
    assert numbered.code == 2
    assert "a name from --classes, got dog" in numbered.stderr


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("goal", "low", "high"),
    [
        ({"at_least": 0.3}, 0.3, 1),
        ({"at_most": 0.05}, 0, 0.05),
        ({"near": 0.2, "within": 0.01}, 0.19, 0.21),
    ],
)
def test_explain_brings_a_regressor_to_a_value(
    goal: dict[str, object], low: float, high: float, model: Path, tmp_path: Path
) -> None:
    ended = explain(
        tmp_path / "out",
        model=f"{model}:brightness",
        coordinates="data",
        rate=0.05,
        target=None,
        **goal,
    )
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")

    assert ended.code == 0
    assert "value 0." in ended.stdout
    assert record.reached.all()
    assert ((record.outputs_after >= low) & (record.outputs_after <= high)).all()


@pytest.mark.usefixtures("undrawn")
def test_a_target_may_be_a_name(model: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("\n".join(f"digit {number}" for number in range(10)) + "\n\n")
    ended = explain(
        tmp_path / "out",
        model=f"{model}:good",
        coordinates="data",
        classes=names,
        target="digit 8",
        steps=1,
    )
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")

    assert ended.code == 0
    assert record.target.tolist() == [8, 8, 8]
    assert "digit 8" in (tmp_path / "out/summary.csv").read_text()


@pytest.mark.usefixtures("undrawn")
def test_several_models_and_nearby_coordinates_are_asked(
    model: Path, tmp_path: Path
) -> None:
    options = {
        "model": f"{model}:good",
        "agree": f"{model}:other",
        "coordinates": "data",
        "rate": 0.05,
        "smoothed": 0.05,
        "confidence": 0.5,
    }
    ended = explain(tmp_path / "out", **options)
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")
    request = json.loads((tmp_path / "out/request.json").read_text())
    stated = agreement(record, find_model(f"{model}:other")).statements
    smoothed = record.settings["objective"]

    assert ended.code == 0
    assert record.reached.all()
    assert stated["agreement_after"].all()
    assert not stated["agreement_before"].all()
    assert isinstance(smoothed, dict)
    assert (smoothed["name"], smoothed["spread"]) == ("Smoothed", 0.05)
    assert smoothed["objective"]["name"] == "Agreed"
    assert record.settings["agree"] == [f"{model}:other"]
    assert request["agree"][0]["name"] == f"{model}:other"
    assert request["agree"][0]["digest"]
    assert "finished already" in explain(tmp_path / "out", **options).stderr
    assert explain(tmp_path / "out", **options | {"agree": None}).code == 2
    assert explain(tmp_path / "out", **options | {"smoothed": 0.1}).code == 2


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("smoothed", [None, 0.02])
def test_the_answer_of_a_second_model_is_held(
    smoothed: float | None, model: Path, tmp_path: Path
) -> None:
    options = {
        "model": f"{model}:good",
        "coordinates": "data",
        "rate": 0.01,
        "steps": 300,
        "confidence": 0.5,
        "smoothed": smoothed,
    }
    explain(tmp_path / "free", **options)
    held = {"held": f"{model}:brightness", "band": 0.03}
    ended = explain(tmp_path / "out", **options, **held)
    free, record = (
        Counterfactuals.load(tmp_path / name / "record.safetensors")
        for name in ("free", "out")
    )
    moved, kept = (
        (each.counterfactual - each.factual).mean((1, 2, 3)).abs()
        for each in (free, record)
    )
    request = json.loads((tmp_path / "out/request.json").read_text())

    assert ended.code == 0, ended.stderr
    assert record.reached.all()
    assert (moved > 0.03).any()
    assert (kept <= 0.03 + 1e-6).all()
    assert request["held"] == record.settings["held"]
    assert request["held"]["name"] == f"{model}:brightness"
    assert request["objective"]["band"] == 0.03
    assert explain(tmp_path / "out", **options, **held | {"band": 0.1}).code == 2


@pytest.mark.parametrize("given", [{"held": "mnist-cnn"}, {"band": 1.0}])
def test_what_is_held_has_a_band(given: dict[str, object], tmp_path: Path) -> None:
    ended = explain(tmp_path / "out", **given)

    assert ended.code == 2
    assert "Error: --held and --band must be given together" in ended.stderr


@pytest.mark.usefixtures("undrawn")
def test_a_model_of_larger_normalized_images_with_probabilities_is_explained(
    model: Path, tmp_path: Path
) -> None:
    model.write_text(
        MODEL + "def large():\n"
        "    torch.manual_seed(0)\n"
        "    layers = torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 2)\n"
        "    return torch.nn.Sequential(*layers, torch.nn.Softmax(1)).eval()\n"
    )
    options = {
        "model": f"{model}:large",
        "coordinates": "data",
        "rate": 0.05,
        "target": "other",
        "confidence": 0.6,
        "model_size": 32,
        "model_mean": "imagenet",
        "model_std": "0.2",
    }
    refusal = explain(tmp_path / "out", **options)
    ended = explain(tmp_path / "out", **options, model_outputs="probabilities")
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")
    wrong = explain(tmp_path / "out", **options | {"model_mean": "a"})

    assert refusal.code == 2
    assert "--model-outputs probabilities" in refusal.stderr
    assert ended.code == 0, ended.stderr
    assert record.reached.all()
    assert record.factual.shape == (3, 1, 28, 28)
    assert record.settings["model_input"] == {
        "name": "ModelInput",
        "size": 32,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.2],
        "outputs": "probabilities",
    }
    assert "model_mean must be numbers" in wrong.stderr


@pytest.mark.usefixtures("undrawn")
def test_the_closest_counterfactual_states_how_near_it_came(
    small_flow: Path, tmp_path: Path
) -> None:
    easy = {"target": "other", "confidence": 0.5, "steps": 200}
    options = {"coordinates": small_flow, "limit": 2, "closest": "data", **easy}
    ended = explain(tmp_path / "out", **options)
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")
    stated, run = record.statements, record.settings["run"]

    assert ended.code == 0
    assert isinstance(run, dict)
    assert [way["name"] for way in run["closest"]] == ["LatentDistance", "DataDistance"]
    assert (stated["distance_after"] < stated["distance_before"]).all()
    assert "kkt_angle" in (tmp_path / "out/summary.csv").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"smoothed": -1}, "spread must be a number of at least 0, got -1"),
        ({"agree": "mnist-flow"}, "the model must be a classifier or regressor"),
        ({"agree": "nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_sentence(
    options: dict[str, object], message: str, tmp_path: Path
) -> None:
    ended = explain(tmp_path / "out", **options)

    assert ended.code == 2
    assert message in ended.stderr


def test_probabilities_are_told_in_a_sentence(model: Path, tmp_path: Path) -> None:
    ended = explain(tmp_path / "out", model=f"{model}:probable")

    assert ended.code == 2
    assert "Logits(model)" in ended.stderr


@pytest.mark.usefixtures("undrawn")
def test_logits_that_are_said_to_be_probabilities_are_refused(
    model: Path, tmp_path: Path
) -> None:
    how = {"model": f"{model}:good", "coordinates": "data"}
    ended = explain(tmp_path / "out", **how, model_outputs="probabilities")

    assert ended.code == 2
    assert "of what are no probabilities" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_an_existing_folder_is_not_overwritten(tmp_path: Path) -> None:
    options = {"coordinates": "data", "steps": 1}
    (tmp_path / "keep").write_text("kept")
    ended = explain(tmp_path, **options)

    assert ended.code == 2
    assert "which exists" in ended.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["keep"]

    assert explain(tmp_path, **options, overwrite=True).code == 0
    assert (tmp_path / "keep").read_text() == "kept"
    assert (tmp_path / "record.safetensors").is_file()


def test_overwriting_keeps_no_old_pictures(tmp_path: Path) -> None:
    options = {"coordinates": "data", "steps": 1}
    explain(tmp_path, **options)
    ended = explain(tmp_path, **options, limit=2, overwrite=True)

    assert ended.code == 0
    assert len(list((tmp_path / "images").iterdir())) == 4


@pytest.mark.usefixtures("undrawn")
def test_the_same_command_goes_on_where_the_last_one_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"coordinates": "data", "limit": 6, "steps": 3, "batch_size": 2}
    searched: list[int] = []

    def failing(x: torch.Tensor, *rest: object) -> object:
        for record in search_batches(x, *rest):  # type: ignore[arg-type]
            if len(searched) == 2:
                raise RuntimeError("out of reach")

            searched.append(len(record))
            yield record

    with monkeypatch.context() as patched:
        patched.setattr("diffeo.workflows.explain.explanation.search_batches", failing)
        ended = explain(tmp_path / "out", **options)

    batches = sorted(path.name for path in (tmp_path / "out/batches").iterdir())
    again = explain(tmp_path / "out", **options)
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")
    explain(tmp_path / "whole", **options)
    whole = Counterfactuals.load(tmp_path / "whole/record.safetensors")

    assert "RuntimeError: out of reach" in ended.stderr
    assert batches == ["00000-00001.safetensors", "00002-00003.safetensors"]
    assert again.code == 0
    assert again.stderr == "going on: 4 of 6 rows are there\n"
    assert record.settings == whole.settings
    assert torch.equal(record.latent, whole.latent)


@pytest.mark.usefixtures("undrawn")
def test_a_finished_search_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"coordinates": "data", "steps": 1}
    first = explain(tmp_path, **options)
    monkeypatch.setattr("diffeo.workflows.explain.explanation.search_batches", None)
    again = explain(tmp_path, **options)

    assert again.stderr == "finished already: 3 of 3 rows are there\n"
    assert (again.code, again.stdout) == (first.code, first.stdout)


@pytest.mark.usefixtures("undrawn")
def test_interrupted_rows_are_kept_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(x: torch.Tensor, *rest: object) -> object:
        first, second = list(search_batches(x, *rest))  # type: ignore[arg-type]
        second.outcome[:] = Outcome.INTERRUPTED
        yield first
        yield second

    monkeypatch.setattr(
        "diffeo.workflows.explain.explanation.search_batches", interrupted
    )
    ended = explain(tmp_path, coordinates="data", steps=1, batch_size=2)
    record = Counterfactuals.load(tmp_path / "record.safetensors")

    assert ended.code == 130
    assert "interrupted: 2 of 3 rows; the same command goes on" in ended.stderr
    assert ended.stderr.splitlines()[-1] == "Interrupted."
    assert record.counts()[Outcome.INTERRUPTED] == 1


def test_a_page_that_fails_costs_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffeo.extras.find_spec", lambda _: None)
    ended = explain(tmp_path, coordinates="data", steps=1)

    assert ended.code == 0
    assert "not the page: jinja2 is missing: pip install 'diffeo[" in ended.stderr
    assert ended.stdout.splitlines()[-1] == str((tmp_path / "summary.csv").resolve())
    assert (tmp_path / "record.safetensors").is_file()
    assert (tmp_path / "images/00000-factual.png").is_file()


def test_the_request_is_kept(tmp_path: Path) -> None:
    explain(tmp_path, coordinates="data", steps=1, seed=5)
    request = json.loads((tmp_path / "request.json").read_text())

    assert request["data"]["name"] == "digits"
    assert request["objective"]["target"] == 9
    assert request["seed"] == 5


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    """A picture that allows changes in the lower half of digits."""

    path = tmp_path / "lower.png"
    mask = torch.zeros(1, 56, 56)
    mask[:, 28:] = 1
    write_png(mask, path)

    return path


def test_only_what_a_mask_allows_changes(lower: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = {"coordinates": "data", "rate": 0.05, "limit": 2, "path": True}
    ended = explain(out, mask=lower, **options)
    record = Counterfactuals.load(out / "record.safetensors")
    page = (out / "report.html").read_text()
    kept, changed = (
        (record.counterfactual - record.factual)[:, :, rows].abs().flatten(1).amax(1)
        for rows in (slice(14), slice(14, 28))
    )

    assert ended.code == 0
    assert kept.max() == 0
    assert changed.min() > 0.1
    assert record.settings["mask"] == {
        "name": str(lower),
        "rows": 14 * [28 * "."] + 14 * [28 * "#"],
    }
    assert "No path is shown" not in page
    assert f"changes are allowed where this is white: {lower}" in page


@pytest.mark.usefixtures("undrawn")
def test_another_mask_is_another_request(lower: Path, tmp_path: Path) -> None:
    options = {"coordinates": "data", "steps": 1, "limit": 1}
    explain(tmp_path / "out", **options, mask=lower)
    again = explain(tmp_path / "out", **options, mask=lower)
    without = explain(tmp_path / "out", **options)

    assert "finished already" in again.stderr
    assert without.code == 2
    assert "mask" in without.stderr


def test_what_coordinates_lose_can_be_kept(model: Path, tmp_path: Path) -> None:
    options = {"coordinates": f"{model}:coarse", "limit": 2, "path": True}
    ended = explain(tmp_path / "kept", residual=True, **options)
    plain = explain(tmp_path / "kept", **options)
    record = Counterfactuals.load(tmp_path / "kept" / "record.safetensors")
    page = (tmp_path / "kept" / "report.html").read_text()

    assert ended.code == 0, ended.stderr
    assert record.settings["residual"] is True
    assert (record.reconstruction_error > 0.5).all()
    assert torch.equal(record.start, record.factual)
    assert "Lost: x′ need not be what the generator can make" in page
    assert "what they lost was added to all that they decoded" in page
    assert "No path is shown" not in page
    assert plain.code == 2
    assert "residual" in plain.stderr


def test_a_mask_that_does_not_fit_is_told_in_a_sentence(
    lower: Path, tmp_path: Path
) -> None:
    write_png(torch.ones(1, 28, 20), lower)
    ended = explain(tmp_path / "out", mask=lower)
    message = "mask must have the aspect ratio of the images, 28×28 pixels, got"

    assert ended.code == 2
    assert message in ended.stderr
    assert not (tmp_path / "out").exists()


LOSSY = """
class Lossy:
    def encode(self, x):
        return x.flatten(1)[:, ::2]

    def decode(self, z):
        return z.repeat_interleave(2, 1).reshape(-1, 1, 28, 28)
"""


def test_what_is_stated_of_rows_is_in_record_table_and_page(
    small_flow: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = {"coordinates": small_flow, "limit": 1, "path": True}
    plain = explain(out, **options)
    page = (out / "report.html").read_text()
    stated = explain(out, **options, certify=5, typical_of="digits")
    record = Counterfactuals.load(out / "record.safetensors")
    values = {name: row.item() for name, row in record.statements.items()}

    with (out / "summary.csv").open() as file:
        (row,) = csv.DictReader(file)

    assert plain.code == stated.code == 0
    assert values["references"] == (sample_digits().labels == 9).sum()
    assert 0 <= values["typicality_rank"] <= values["references"]
    assert 0 <= values["certified_radius"] < record.latent_distance.item()
    assert {name: float(row[name]) for name in values} == pytest.approx(values, 1e-5)
    assert "certified radius" not in page
    assert "certified radius <b>" in (out / "report.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_what_was_stated_before_is_not_stated_again(
    small_flow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"coordinates": small_flow, "limit": 1}
    wanted |= {"certify": 5, "typical_of": "digits"}
    explain(tmp_path / "out", **wanted)
    before = (tmp_path / "out" / "record.safetensors").stat().st_mtime_ns
    monkeypatch.setattr("diffeo.workflows.explain.statements.certify", None)
    monkeypatch.setattr("diffeo.workflows.explain.statements.typicality", None)
    again = explain(tmp_path / "out", **wanted)

    assert again.code == 0
    assert "Warning" not in again.stderr
    assert (tmp_path / "out" / "record.safetensors").stat().st_mtime_ns == before


def test_a_judge_is_asked_whether_it_agrees(model: Path, tmp_path: Path) -> None:
    options = {"model": f"{model}:good", "coordinates": "data", "rate": 0.05}
    out, judge = tmp_path / "out", f"{model}:other"
    plain = explain(out, **options)
    ended = explain(out, **options, judge=judge)
    again = explain(out, **options, judge=judge)
    record = Counterfactuals.load(out / "record.safetensors")
    wanted = agreement(record, find_model(judge)).statements
    after = int(wanted["agreement_after"].sum())
    page = (out / "report.html").read_text()

    with (out / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert plain.code == ended.code == again.code == 0, ended.stderr
    assert "judge agrees" not in plain.stdout
    assert (
        f"the judge agrees after in {after} of 3 rows at the target, " in ended.stdout
    )
    assert again.stdout == ended.stdout
    assert "finished already" in ended.stderr
    assert f'<p class="note">The judge agrees after in {after} of 3 rows' in page
    assert page.count("judge agrees after <b>yes</b>") == after
    assert page.count("judge agrees after <b>no</b>") == 3 - after
    assert "does not agree." in page
    assert isinstance(record.settings["judge"], dict)
    assert record.settings["judge"]["name"] == judge
    assert after < 3

    for name, values in wanted.items():
        assert [float(row[name]) for row in rows] == values.tolist()


@pytest.mark.usefixtures("undrawn")
def test_another_judge_is_asked_anew_beside_models_that_agree_and_are_held(
    model: Path, tmp_path: Path
) -> None:
    options = {
        "model": f"{model}:good",
        "agree": f"{model}:other",
        "held": f"{model}:brightness",
        "band": 0.5,
        "coordinates": "data",
        "rate": 0.05,
        "confidence": 0.5,
    }
    told = []

    for judge in ("good", "third"):
        ended = explain(tmp_path / "out", **options, judge=f"{model}:{judge}")
        record = Counterfactuals.load(tmp_path / "out/record.safetensors")
        told.append(record.statements["agreement_after"].tolist())

        assert ended.code == 0, ended.stderr

    assert told[0] == [1, 1, 1]
    assert told[1] != told[0]


@pytest.mark.usefixtures("undrawn")
def test_a_judge_of_values_tells_its_own(model: Path, tmp_path: Path) -> None:
    ended = explain(
        tmp_path / "out",
        model=f"{model}:brightness",
        judge=f"{model}:brighter",
        coordinates="data",
        rate=0.05,
        target=None,
        at_least=0.3,
    )
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")
    table = (tmp_path / "out/summary.csv").read_text()

    assert ended.code == 0, ended.stderr
    assert "the judge agrees after in 3 of 3 rows at the target, 1.00" in ended.stdout
    assert "judge_value_before,judge_value_after" in table
    torch.testing.assert_close(
        record.statements["judge_value_after"], 2 * record.outputs_after
    )


def test_a_judge_of_other_answers_is_refused_before_the_search(
    model: Path, tmp_path: Path
) -> None:
    ended = explain(tmp_path / "out", coordinates="data", judge=f"{model}:brightness")

    assert ended.code == 2
    assert ended.stderr == (
        "Error: the judge must answer as the model does, with 10 classes, got 2\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("undrawn")
def test_a_statement_that_cannot_be_made_costs_no_other(
    model: Path, tmp_path: Path
) -> None:
    """Which classes rows become is known after the search alone."""

    out, few = tmp_path / "out", tmp_path / "few"

    for name in ("0", "1"):
        (few / name).mkdir(parents=True)
        write_png(sample_digits().images[0], few / name / "0.png")

    how = {"model": f"{model}:good", "judge": f"{model}:other", "coordinates": "data"}
    ended = explain(out, **how, target="other", confidence=0.5, typical_of=few)
    record = Counterfactuals.load(out / "record.safetensors")

    assert ended.code == 0, ended.stderr
    assert "but not the ranks of typicality: data must have ref" in ended.stderr
    assert set(record.statements) == {"agreement_before", "agreement_after"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"certify": 0}, "draws and batch_size must be at least 1"),
        ({"certify": 5, "coordinates": "lossy.py:Lossy"}, "coordinates must be exact"),
        ({"typical_of": "nothing"}, "labelled data must be a folder"),
        ({"typical_of": "small"}, "references must be like the data, (1, 28, 28), got"),
        ({"typical_of": "two"}, "references of each target class, got none of 9"),
        (
            {"typical_of": "digits", "target": None, "at_least": 0.5},
            "must be given with --target, got a search for a value",
        ),
    ],
)
def test_statements_that_cannot_be_made_are_refused_before_the_search(
    options: dict[str, object],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lossy.py").write_text(LOSSY)

    for folder, side in (("small", 8), ("two", 28)):
        for name in ("0", "1"):
            Path(folder, name).mkdir(parents=True)
            write_png(torch.zeros(1, side, side), Path(folder, name, "0.png"))

    ended = explain(Path("out"), **{"coordinates": "data", **options})

    assert ended.code == 2
    assert message in ended.stderr
    assert not Path("out").exists()
