import json
import re
from pathlib import Path
from shutil import copy

import pytest
import torch

from command_line import Ended, flags, run
from diffeo import TargetClass, zoo
from diffeo.evaluation.oracle_training import ClassifierSettings
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import as_flow
from diffeo.report.images import write_png
from diffeo.workflows.audit import judges as quick_judges
from diffeo.workflows.audit.changes import (
    clusters_of,
    coarse,
    grid_regions,
    region_shares,
)
from diffeo.workflows.audit.comparison import compare_audits
from diffeo.workflows.audit.directions import AuditOptions, directions_of
from diffeo.workflows.audit.judges import OF_IMAGES, disputed, train_judges
from diffeo.workflows.audit.sentences import disputes, verdicts
from diffeo.workflows.explain.options import ExplainOptions

MODEL = """
import torch

class Half(torch.nn.Module):
    def __init__(self, start):
        super().__init__()
        self.start = start

    def forward(self, x):
        score = 30 * (x[..., self.start : self.start + 4].mean((1, 2, 3)) - 0.5)
        return torch.stack((-score, score), 1)

class Mean(torch.nn.Module):
    def forward(self, x):
        return x.mean((1, 2, 3))

class Coarse(torch.nn.Module):
    def encode(self, x):
        return torch.nn.functional.avg_pool2d(x, 2).flatten(1)

    def decode(self, z):
        return torch.nn.functional.interpolate(z.reshape(-1, 1, 4, 4), scale_factor=2)

def coarse(): return Coarse().eval()
def left(): return Half(0).eval()
def right(): return Half(4).eval()
def mean(): return Mean().eval()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen pictures of 8×8 in two folders, dark and light on the left; a flow."""

    folder = tmp_path_factory.mktemp("audit")
    generator = torch.Generator().manual_seed(0)
    (folder / "models.py").write_text(MODEL)
    images = 0.2 + 0.5 * torch.rand(16, 1, 8, 8, generator=generator)
    images[::2, ..., :4] -= 0.2
    images[1::2, ..., :4] += 0.25
    images[:8, ..., 4:] += 0.2

    for number, image in enumerate(images):
        inside = folder / "data" / ("dark", "light")[number % 2]
        inside.mkdir(parents=True, exist_ok=True)
        write_png(image, inside / f"{number}.png")

    (folder / "masks").mkdir()
    mask = torch.zeros(1, 8, 8)
    mask[..., :4] = 1
    write_png(mask, folder / "masks" / "left half.png")
    settings = {"shape": [1, 8, 8], "levels": [{"steps": 1, "width": 4}], "bins": 0}
    recipe = zoo.Recipe("glow", settings)
    flow = as_flow(recipe.build())
    initialize(flow, images)
    card = zoo.Card(recipe, "noise", "none", "none", {})
    zoo.save(flow, card, folder / "flow.safetensors")

    return folder


def audit(place: Path, out: Path, **options: object) -> Ended:
    settings: dict[str, object] = {
        "data": place / "data",
        "model": f"{place}/models.py:left",
        "coordinates": place / "flow.safetensors",
        "sample": 6,
        "out": out,
        "quiet": True,
    } | options

    return run("audit", *flags(**settings))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no pages of single directions, which are tested elsewhere."""

    monkeypatch.setattr(
        "diffeo.workflows.explain.images.draw_explanation", lambda *_: None
    )


@pytest.mark.usefixtures("undrawn")
def test_an_audit_finds_where_a_model_looks_and_goes_on_where_it_stopped(
    place: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ended = audit(place, out, regions=place / "masks")
    told = json.loads((out / "audit.json").read_text())
    page = (out / "report.html").read_text()
    forth, back = told["directions"]

    assert ended.code == 0, ended.stderr
    assert (forth["from"], forth["to"]) == ("dark", "light")
    assert (forth["rows"], forth["reached"]) == (6, 6)
    assert forth["regions"]["left half"]["change"] > 0.8
    assert forth["regions"]["left half"]["area"] == 0.5
    assert forth["brighter"] > 0 > back["brighter"]
    assert forth["least_change"][0]["name"].startswith("dark/")
    assert told["agrees_with_folders"] == 1
    assert told["judges"] == forth["judges"] == {}
    assert "dark → light: 6 of 6 images were brought there." in ended.stdout
    assert "What this cannot say" in page
    assert "1-dark-to-light/report.html" in page
    assert re.search(
        r"<td>dark → light</td><td>6 of 6</td><td>\d+% of the change in left half</td>",
        page,
    )
    assert page.count("<figcaption>dark → light</figcaption>") == 1
    assert (out / "1-dark-to-light" / "record.safetensors").is_file()

    again = audit(place, out, regions=place / "masks")
    other = audit(place, out, model=f"{place}/models.py:right")

    assert "finished already: 6 of 6" in again.stderr
    assert json.loads((out / "audit.json").read_text()) == told
    assert other.code == 2
    assert "differs in" in other.stderr


@pytest.mark.usefixtures("undrawn")
def test_the_closest_change_hardly_anything_elsewhere(
    place: Path, tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    audit(place, old, regions=place / "masks")
    ended = audit(
        place,
        new,
        regions=place / "masks",
        closest="data",
        compare=old / "audit.json",
    )
    before, after = (
        [
            each["regions"]["left half"]["change"]
            for each in json.loads((out / "audit.json").read_text())["directions"]
        ]
        for out in (old, new)
    )

    assert ended.code == 0, ended.stderr
    assert all(far < near for far, near in zip(before, after, strict=True))
    assert min(after) > 0.9
    assert "Searches were asked for otherwise" in ended.stdout
    assert "in the coordinates, then in the data" in (new / "report.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_labels_of_a_file_count_as_folders_do(place: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    names = sorted(path for path in (place / "data").rglob("*.png"))

    for path in names:
        copy(path, flat)

    lines = [f"{path.name},{path.parent.name}" for path in names]
    (flat / "labels.csv").write_text("\n".join(["file,class", *lines]))
    ended = audit(place, tmp_path / "out", data=flat, sample=2)
    told = json.loads((tmp_path / "out/audit.json").read_text())

    assert ended.code == 0, ended.stderr
    assert told["agrees_with_folders"] == 1
    assert [each["from"] for each in told["directions"]] == ["dark", "light"]


@pytest.mark.usefixtures("undrawn")
def test_what_coordinates_lose_is_no_change_of_an_audit(
    place: Path, tmp_path: Path
) -> None:
    ended = audit(
        place,
        tmp_path,
        coordinates=f"{place}/models.py:coarse",
        regions=place / "masks",
        sample=3,
    )
    told = json.loads((tmp_path / "audit.json").read_text())["directions"][0]
    page = (tmp_path / "report.html").read_text()

    assert ended.code == 0, ended.stderr
    assert told["reconstruction_error"] > 0.5
    assert told["regions"]["left half"]["change"] == pytest.approx(1)
    assert "searches began at the reconstruction r of each image x" in page
    assert "before, reconstruction, after, difference of these two" in page


@pytest.mark.usefixtures("undrawn")
def test_two_versions_of_a_model_are_compared(place: Path, tmp_path: Path) -> None:
    audit(place, tmp_path / "old")
    old = tmp_path / "old" / "audit.json"
    ended = audit(
        place, tmp_path / "new", model=f"{place}/models.py:right", compare=old
    )
    same = audit(place, tmp_path / "same", compare=old)

    assert ended.code == 0, ended.stderr
    assert "models.py:right answers otherwise than" in ended.stdout
    assert "Since the other audit" in (tmp_path / "new/report.html").read_text()
    assert "dark → light: no difference to speak of." in same.stdout
    assert "the mean change is another" in ended.stdout


@pytest.mark.usefixtures("undrawn")
def test_values_are_moved_up_and_down(place: Path, tmp_path: Path) -> None:
    ended = audit(place, tmp_path / "out", model=f"{place}/models.py:mean", value=True)
    told = json.loads((tmp_path / "out/audit.json").read_text())

    assert ended.code == 0, ended.stderr
    assert [each["to"].split()[1] for each in told["directions"]] == ["least", "most"]
    assert [each["reached"] for each in told["directions"]] == [6, 6]
    assert told["directions"][0]["brighter"] > 0 > told["directions"][1]["brighter"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"sample": 0}, "sample must be at least 1"),
        ({"compare": "none.json"}, "compare must be an audit.json"),
        ({"compare": __file__}, "compare must be an audit.json of version"),
        ({"regions": "none"}, "none"),
        ({"model_size": 0}, "size must be from 1 to"),
        ({"resize": 4}, "(batch, 1, 8, 8)"),
        ({"value": True}, "must return one for each of the images, got 2"),
    ],
)
def test_what_cannot_be_audited_is_refused(
    options: dict[str, object], named: str, place: Path, tmp_path: Path
) -> None:
    ended = audit(place, tmp_path / "out", **options)

    assert ended.code == 2, ended
    assert ended.stderr.splitlines()[-1].startswith("Error: ")
    assert named in ended.stderr
    assert not (tmp_path / "out" / "audit.json").exists()


def test_folders_of_others_are_left_alone(place: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    assert "thesis.txt" in audit(place, tmp_path).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_of_many_classes_each_goes_to_its_usual_second() -> None:
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(200, 5, generator=generator)
    outputs[:, 3] -= 9
    outputs[outputs.argmax(1) == 0, 2] += 1e-3 + outputs.amax() - outputs.amin()
    search = ExplainOptions("", "", "", torch.nn.Identity(), TargetClass("other"))
    ways = directions_of(outputs, AuditOptions(search, sample=7))

    assert len(ways) == 3
    assert all(len(way.rows) <= 7 for way in ways)

    for way in ways:
        assert isinstance(way.objective, TargetClass)
        assert (outputs[way.rows].argmax(1) == int(way.start)).all()


def test_changes_of_two_kinds_are_told_apart() -> None:
    generator = torch.Generator().manual_seed(0)
    changes = 0.01 * torch.randn(20, 3, 16, 16, generator=generator)
    changes[::4, :, :8] += 0.3
    groups = clusters_of(coarse(changes).flatten(1))
    kinds = [{row % 4 == 0 for row in rows} for rows in groups]

    assert sorted(row for rows in groups for row in rows) == list(range(20))
    assert all(len(kind) == 1 for kind in kinds)
    assert {True} in kinds


def test_shares_of_a_grid_sum_to_one() -> None:
    shares = region_shares(torch.rand(3, 1, 10, 6), grid_regions(10, 6)).values()

    assert sum(change for change, _ in shares) == pytest.approx(1)
    assert sum(area for _, area in shares) == pytest.approx(1)


def test_judges_of_two_kinds_tell_what_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFEO_CACHE", str(tmp_path))
    few = ClassifierSettings(steps=60, size=64)  # enough for what is easy to see
    monkeypatch.setattr(quick_judges, "ClassifierSettings", lambda **_: few)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(160, 1, 8, 8, generator=generator)
    labels = torch.arange(160) % 2
    chance = labels[torch.randperm(160, generator=generator)]
    x[labels == 1, :, :4] *= 0.4
    swapped = labels.clone()
    swapped[:3] = 1 - swapped[:3]
    judges = train_judges(x[40:], labels[40:], OF_IMAGES)
    guessing = train_judges(x[40:], chance[40:], OF_IMAGES)

    assert len(judges) == 2
    assert all(judge.accuracy > 0.9 for judge in judges.values())
    assert disputed(judges, x[:40], swapped[:40]).nonzero()[:, 0].tolist() == [0, 1, 2]
    assert not any(judge.trusted for judge in guessing.values())
    assert not disputed(guessing, x[:40], swapped[:40]).any()


def test_the_page_names_what_judges_dispute() -> None:
    names = [f"{row}.png" for row in range(12)]
    told = {"judges": {"net": 0.2, "bad": 0.9}, "disputed": names}
    said = " ".join(verdicts(told, {"net": 0.8, "bad": 0.6}))
    listed = list(disputes(told | {"disputed_before": []}))

    assert "a net takes 20% of them" in said
    assert "bad" not in said
    assert "look at the examples" in said
    assert listed[0].endswith("for 12: " + ", ".join(names[:10]) + " and 2 more.")
    assert len(listed) == 1


def test_other_data_are_named_in_a_comparison() -> None:
    audit = {
        "data": {"digest": "a"},
        "answers": [0],
        "model": "m",
        "directions": [],
        "coordinates": "c",
        "confidence": 0.99,
    }
    told = compare_audits(audit, {**audit, "data": {"digest": "b"}})

    assert len(told) == 1
    assert told[0].startswith("The data differ")
