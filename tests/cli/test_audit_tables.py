"""Tables under audit."""

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from command_line import Ended, flags, run
from diffeo import zoo
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.table import Table, read_table
from diffeo.estimators import surrogate
from diffeo.workflows.audit.table import AuditedTable
from diffeo.workflows.explain.table import TableToExplain

NAMES = "radius", "texture", "smoothness", "symmetry"
MODEL = """
import joblib
from pathlib import Path

def load():
    return joblib.load(Path(__file__).parent / "linear.joblib")
"""


@pytest.fixture(scope="module")
def tumors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with four columns of tumors, one of them of categories, and a flow."""

    pandas = pytest.importorskip("pandas")
    compose = pytest.importorskip("sklearn.compose")
    found, folder = load_breast_cancer(), tmp_path_factory.mktemp("tumors")
    x = found.data[:200, [0, 1, 4, 8]]
    kinds = np.where(x[:, 1] < 17, "fine", np.where(x[:, 1] < 21, "medium", "coarse"))
    labels = np.array(["malignant", "benign"])[found.target[:200]]
    cells = zip(x[:, 0], kinds, x[:, 2], x[:, 3], labels, strict=True)
    rows = tuple(tuple(map(str, row)) for row in cells)
    Table((*NAMES, "diagnosis"), rows).save(folder / "tumors.csv")
    frame = pandas.read_csv(folder / "tumors.csv")
    y = frame.pop("diagnosis")
    numbers = ["radius", "smoothness", "symmetry"]
    steps = compose.ColumnTransformer(
        [
            ("numbers", StandardScaler(), numbers),
            ("kinds", OneHotEncoder(), ["texture"]),
        ]
    )
    linear = make_pipeline(steps, LogisticRegression(C=10)).fit(frame, y)
    forest = RandomForestClassifier(20, max_depth=4, random_state=0)
    values = RandomForestRegressor(20, max_depth=4, random_state=0)
    joblib.dump(linear, folder / "linear.joblib")
    joblib.dump(make_pipeline(steps, forest).fit(frame, y), folder / "forest.joblib")
    joblib.dump(
        make_pipeline(steps, values).fit(frame, frame.radius), folder / "values.joblib"
    )
    (folder / "model.py").write_text(MODEL)
    how = flags(target="diagnosis", given="texture,symmetry", epochs=4, quiet=True)
    out = folder / "flow.safetensors"
    assert run("fit", folder / "tumors.csv", *how, "--out", out).code == 0

    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no pages of single directions; train surrogates of few samples."""

    monkeypatch.setattr(
        "diffeo.workflows.explain.table.TableToExplain.draw", lambda *_: None
    )
    monkeypatch.setattr(surrogate, "STEPS", 200)
    monkeypatch.setattr(surrogate, "SAMPLES", 500)


def audit(place: Path, out: Path, **options: object) -> Ended:
    settings: dict[str, object] = {
        "data": place / "tumors.csv",
        "model": f"{place}/model.py:load",
        "coordinates": place / "flow.safetensors",
        "confidence": 0.8,
        "sample": 12,
        "steps": 200,
        "out": out,
        "quiet": True,
    } | options

    return run("audit", *flags(**settings))


def told(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "audit.json").read_text())

    return found


def test_an_audit_of_a_table_tells_how_columns_moved_and_goes_on(
    tumors: Path, tmp_path: Path
) -> None:
    out, how = tmp_path / "out", {"frozen": "symmetry", "only_up": "smoothness"}
    ended = audit(tumors, out, truth="diagnosis", **how)
    found, page = told(out), (out / "report.html").read_text()
    forth, back = found["directions"]
    down, up = (each["columns"]["radius"] for each in (forth, back))
    table = read_table(tumors / "tumors.csv")

    assert ended.code == 0, ended
    assert (forth["from"], forth["to"]) == ("benign", "malignant")
    assert forth["rows"] == 12
    assert forth["reached"] + len(forth["failures"]) == 12
    assert forth["reached"] > 6
    assert down["median"] > 0 > up["median"]
    assert down["deviations"] == pytest.approx(down["median"] / down["deviation"])
    assert forth["columns"]["symmetry"]["moved"] == 0
    rising = forth["columns"]["smoothness"]
    assert rising["rose"] == round(rising["moved"] * forth["reached"])
    assert {"from", "to", "rows"} == set(forth["columns"]["texture"]["commonest"][0])
    assert sum(each["change"] for each in forth["regions"].values()) == pytest.approx(1)
    assert forth["as_written"] == 1
    assert found["data"]["rows"] == len(table)
    assert found["agrees_with_folders"] > 0.8
    assert set(forth["judges"]) == {"logistic regression", "random forest"}
    assert found["settings"]["limits"]["frozen"] == ["symmetry"]
    assert "what the fit of the coordinates said of them" in page
    assert found["verdict"] == zoo.card(tumors / "flow.safetensors").verdict
    assert "benign → malignant: " in ended.stdout
    assert "radius (rose in " in ended.stdout
    assert "not fitted with smoothness given" in ended.stderr + page
    assert all(f"<td>{name}</td>" in page for name in NAMES)
    assert "kind 1 of 1" in page or "kind 1 of 2" in page

    record = Counterfactuals.load(out / "1-benign-to-malignant/record.safetensors")
    rows = [int(name.removeprefix("row ")) - 1 for name in record.names]
    radius = [float(table.cells("radius")[row]) for row in rows]
    assert record.factual[:, 0].tolist() == pytest.approx(radius)

    (out / "2-malignant-to-benign" / "record.safetensors").unlink()
    (out / "audit.json").unlink()
    again = audit(tumors, out, truth="diagnosis", **how)

    assert again.stderr.count("finished already: 12 of 12 rows are there") == 1
    assert told(out) == found
    assert "differs in limits" in audit(tumors, out).stderr


def test_columns_that_did_not_move_are_not_among_those_that_moved_most(
    tumors: Path,
) -> None:
    read = TableToExplain.read(f"{tumors}/tumors.csv", f"{tumors}/flow.safetensors")
    radius = {"moved": 1.0, "rose": 2, "fell": 0, "median": 3.0, "deviations": 1.0}
    columns = {"radius": radius, "texture": {"moved": 0.0, "commonest": []}}
    told = {"columns": columns, "typical": None, "as_written": 1.0}

    assert AuditedTable(read).words(told) == [
        "Columns that moved most: radius (rose in 2, fell in 0; +3, +1.00 σ in the "
        "median)."
    ]


def test_a_forest_answers_itself_and_another_audit_is_compared(
    tumors: Path, tmp_path: Path
) -> None:
    model = tumors / "forest.joblib"
    old = audit(tumors, tmp_path / "old", sample=4)
    compare = tmp_path / "old" / "audit.json"
    ended = audit(
        tumors,
        tmp_path / "new",
        model=model,
        compare=compare,
        sample=4,
        stay_typical=True,
    )
    same = audit(tumors, tmp_path / "old", sample=4, compare=compare)
    found, page = told(tmp_path / "new"), (tmp_path / "new/report.html").read_text()

    assert old.code == 0, old
    assert ended.code == 0, ended
    assert found["stay_typical"]
    assert any(each["reached"] for each in found["directions"])

    for each in found["directions"]:
        assert set(each["unconfirmed"]) <= set(each["failures"])
        assert each.get("typical", 1) == each.get("as_written", 1) == 1
        assert each.get("judges", {}) == {}
        way = f"{each['from']} → {each['to']}"
        assert f"<td>{way}</td><td>{each['reached']} of {each['rows']}</td>" in page

    assert "those of a surrogate" in ended.stderr
    assert "those of a surrogate" in page
    assert "forest.joblib answers otherwise than" in ended.stdout
    assert "of the rows." in ended.stdout
    assert "Searches were asked for otherwise" in ended.stdout
    assert "Searches were asked for otherwise" not in same.stdout
    assert "Since the other audit" in page
    assert "benign → malignant: no difference to speak of." in same.stdout


def test_a_regressor_of_a_table_is_moved_up_and_down(
    tumors: Path, tmp_path: Path
) -> None:
    ended = audit(tumors, tmp_path, model=tumors / "values.joblib", sample=3)
    up, down = told(tmp_path)["directions"]

    assert ended.code == 0, ended
    assert [each["to"].split()[1] for each in (up, down)] == ["least", "most"]
    assert up["columns"]["radius"]["median"] > 0 > down["columns"]["radius"]["median"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"regions": "masks"}, "--regions must be given with images, got"),
        ({"resize": 8}, "--resize must be given with images, got"),
        ({"data": "digits", "truth": "x"}, "--truth must be given with a table"),
        ({"truth": "income"}, "the table must have a column income"),
        ({"truth": "radius"}, "must be a column that the flow was not fitted to"),
        ({"frozen": "income"}, "a column must be one of radius"),
        ({"coordinates": "mnist-flow"}, "must be a flow fitted to one, got Flow"),
        ({"value": True, "truth": "malignant"}, "--truth must be given with a classif"),
        ({"value": True}, "must return one for each of the rows, got 2"),
        ({"compare": "images.json"}, "must be an audit.json of rows, got"),
        ({"data": "other.csv"}, "the table must have a column radius, got age"),
    ],
)
def test_what_does_not_fit_an_audit_of_a_table_is_refused(
    options: dict[str, object],
    named: str,
    tumors: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Table(("age",), (("31",),)).save(Path("other.csv"))
    images: dict[str, object] = dict.fromkeys(("model", "coordinates", "confidence"))
    images |= {"format": "diffeo-audit", "version": 1, "directions": []}
    images |= {"data": {"images": 1, "digest": ""}, "answers": [1]}
    Path("images.json").write_text(json.dumps(images))
    ended = audit(tumors, tmp_path / "out", **options)

    assert ended.code == 2, ended
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("Error: ")
    assert named in ended.stderr
    assert not (tmp_path / "out").exists()
