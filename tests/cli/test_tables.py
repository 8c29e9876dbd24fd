from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes
from torch import Tensor

from command_line import Ended, flags, run
from diffeo import zoo
from diffeo.coordinates.table import as_table_flow
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.features import features_of
from diffeo.data.table import Table, read_table

MODEL = """
from dataclasses import replace
from pathlib import Path
import torch
from torch import nn
from diffeo import zoo
from diffeo.data.features import features_of
from diffeo.data.table import read_table

class Network(nn.Module):
    def __init__(self, x, outputs):
        super().__init__()
        self.register_buffer("mean", x.mean(0))
        self.register_buffer("std", x.std(0))
        self.inside = nn.Sequential(
            nn.Linear(x.shape[1], 16), nn.SiLU(), nn.Linear(16, outputs)
        )

    def forward(self, x):
        return self.inside((x - self.mean) / self.std)

def trained(outputs, loss):
    here = Path(__file__).parent
    table = read_table(here / "table.csv")
    x = features_of(table, zoo.load(here / "flow.safetensors").columns)
    torch.manual_seed(0)
    network = Network(x, outputs)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.02)

    for _ in range(200):
        error = loss(network(x), table.cells("target"))
        optimizer.zero_grad()
        error.backward()
        optimizer.step()

    return network.eval()

def classifier():
    return trained(2, lambda out, cells: nn.functional.cross_entropy(
        out, torch.tensor([int(cell) for cell in cells])
    ))

def regressor():
    return trained(1, lambda out, cells: nn.functional.mse_loss(
        out[:, 0], torch.tensor([float(cell) for cell in cells])
    ))
"""
FROZEN = "texture,mean smoothness"
GIVEN = f"{FROZEN},mean symmetry,mean compactness"


@pytest.fixture(scope="module")
def tumors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ten columns of tumors, one of them made categories, and a flow."""

    found = load_breast_cancer()
    names = list(found.feature_names[:10])
    names[1] = "texture"
    kinds = [
        "fine" if x < 17 else "medium" if x < 21 else "coarse" for x in found.data[:, 1]
    ]
    rows = [
        (str(row[0]), kind, *map(str, row[2:10]), str(label))
        for row, kind, label in zip(found.data, kinds, found.target, strict=True)
    ]

    return fitted(tmp_path_factory.mktemp("tumors"), names, rows, given=GIVEN)


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with patients, how their diabetes went on, and a flow."""

    found = load_diabetes(scaled=False)
    rows = [
        (*map(str, row), str(y))
        for row, y in zip(found.data, found.target, strict=True)
    ]
    folder = tmp_path_factory.mktemp("patients")

    return fitted(folder, found.feature_names, rows, categories="sex")


def fitted(
    folder: Path, names: list[str], rows: list[tuple[str, ...]], **options: str
) -> Path:
    """A table, a model and, after two passes over the rows, a flow."""

    table = Table((*names, "target"), tuple(rows))
    table.save(folder / "table.csv")
    (folder / "net.py").write_text(MODEL)
    how = {"target": "target", "epochs": 2, "quiet": True, **options}
    out = folder / "flow.safetensors"
    ended = run("fit", folder / "table.csv", *flags(out=out, **how))

    assert ended.code == 0, ended
    assert "Do rows come back after encoding and decoding? Yes" in ended.stdout
    assert all(f"--{name} " in zoo.card(out).command for name in how if name != "quiet")
    assert "Do columns of samples go together" in out.with_suffix(".html").read_text()

    return folder


def explained(folder: Path, out: Path, function: str, **options: object) -> Ended:
    how = {"limit": 50, "quiet": True, **options}

    return run(
        "explain",
        *flags(
            data=folder / "table.csv",
            model=f"{folder / 'net.py'}:{function}",
            coordinates=folder / "flow.safetensors",
            out=out,
            **how,
        ),
    )


def read(folder: Path, out: Path) -> tuple[Counterfactuals, Table, Table]:
    """The record, the rows that were explained and the counterfactuals."""

    record = Counterfactuals.load(out / "record.safetensors")
    before = read_table(folder / "table.csv", limit=50).without(["target"])

    return record, before, read_table(out / "counterfactuals.csv")


def test_rows_of_a_table_get_another_answer_within_the_limits(
    tumors: Path, tmp_path: Path
) -> None:
    one_way = {"only_up": "mean symmetry", "only_down": "mean compactness"}
    limits = {"frozen": FROZEN, "steps": 100, **one_way}
    ended = explained(tumors, tmp_path / "out", "classifier", target="other", **limits)
    record, before, after = read(tumors, tmp_path / "out")
    flow = as_table_flow(zoo.load(tumors / "flow.safetensors"))
    columns, numbers = flow.columns, flow.width > 0
    x = features_of(after, columns)
    page = (tmp_path / "out/report.html").read_text()

    assert ended.code == 0, ended
    assert "50 of 50 reached the target (50 reached)" in ended.stdout
    assert "latent distance" in ended.stdout
    assert ", distance" not in ended.stdout
    assert "‖z′ − z‖ = " in page
    assert "‖x′ − x‖ = " not in page
    assert "not fitted with" not in ended.stderr + page
    assert "<h3>row 1</h3>" in page
    assert "No." not in page
    assert before.names == after.names
    assert torch.equal(x, record.counterfactual)
    assert torch.equal(features_of(before, columns), record.factual)

    for name in FROZEN.split(","):
        assert before.cells(name) == after.cells(name)

    for name, sign in {"mean symmetry": 1, "mean compactness": -1}.items():
        cells = before.cells(name), after.cells(name)
        change = [float(new) - float(old) for old, new in zip(*cells, strict=True)]
        assert all(sign * each >= 0 for each in change)
        assert any(sign * each > 0 for each in change)

    assert "<strong>50</strong> of 50 at the target" in page
    untypical = page.count("result typical of the table <b>NO</b>")
    assert f"Of these 50 results not typical of the table: {untypical}." in page
    assert page.count("The result is not typical of the table.") == untypical
    assert "<td>texture</td><td>0 of 50</td>" in page
    assert page.index("Columns, where") < page.index("<h2>Changes</h2>")
    place = int((record.change[0] / flow.scale).abs().mul(numbers).argmax())
    most = [name for column in columns for name in column.features][place]
    assert f": {before.cells(most)[0]} → {after.cells(most)[0]}" in page
    assert f'<td class="n">{after.cells(most)[0]}</td>' in page
    assert "result typical of the table <b>" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_saved_record_of_a_table_is_shown_in_the_same_words(
    tumors: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names.txt"
    names.write_text("malignant\nbenign\n")
    how = {"target": "other", "limit": 8, "frozen": "mean area", "classes": names}
    explained(tumors, tmp_path / "out", "classifier", **how)
    path = tmp_path / "out/record.safetensors"
    ended = run("report", path, "--out", tmp_path / "page")
    first, again = (
        (tmp_path / name / "report.html").read_text() for name in ("out", "page")
    )
    coordinates, name = f"in {tumors / 'flow.safetensors'}", "record"
    record = Counterfactuals.load(path)
    old = {"notes", "classes", "columns"}
    settings = {key: told for key, told in record.settings.items() if key not in old}
    replace(record, settings=settings).save(tmp_path / "old.safetensors")

    assert ended.code == 0, ended
    assert "benign" in again
    assert "result typical of the table <b>" in again
    assert "Columns, where the target was reached" in again
    assert "not fitted with mean area given" in again
    assert first.replace(coordinates, name) == again
    assert (
        run("report", tmp_path / "old.safetensors", "--out", tmp_path / "1").code == 0
    )


def test_categories_change_whole_and_the_model_judges_what_is_written(
    tumors: Path, tmp_path: Path
) -> None:
    ended = explained(
        tumors, tmp_path / "out", "classifier", target=1, frozen="mean area"
    )
    page = (tmp_path / "out/report.html").read_text()
    record, before, after = read(tumors, tmp_path / "out")
    kinds = before.cells("texture"), after.cells("texture")

    assert set(kinds[1]) <= {"fine", "medium", "coarse"}
    assert kinds[0] != kinds[1]
    assert before.cells("mean area") == after.cells("mean area")
    assert record.reached.all()
    assert all(
        "not fitted with mean area given" in text for text in (ended.stderr, page)
    )


def test_whole_numbers_stay_whole_where_a_value_is_asked_for(
    patients: Path, tmp_path: Path
) -> None:
    goal = {"at_most": 100, "only_down": "bmi"}
    judge = f"{patients / 'net.py'}:regressor"
    ended = explained(patients, tmp_path / "out", "regressor", **goal, judge=judge)
    record, before, after = read(patients, tmp_path / "out")

    assert ended.code == 0, ended
    assert record.reached.all()
    assert (record.outputs_after <= 100).all()
    assert "the judge agrees after in 50 of 50 rows at the target" in ended.stdout
    assert torch.allclose(
        record.statements["judge_value_after"], record.outputs_after.reshape(-1)
    )
    assert set(after.cells("sex")) == {"1.0", "2.0"}
    ages = set(after.cells("age")) - set(before.cells("age"))
    assert ages
    assert all(age.isdecimal() for age in ages)


def test_a_page_tells_of_a_value_that_no_row_reaches(
    patients: Path, tmp_path: Path
) -> None:
    how = {"at_least": 1e9, "limit": 1, "several": 2, "frozen": "age", "steps": 20}
    ended = explained(patients, tmp_path / "out", "regressor", **how, only_up="age")

    assert ended.code == 0, ended
    assert "0 of 2 reached the target" in ended.stdout
    assert "0 of 1 inputs have 2 that differ\n" in ended.stdout
    assert "Warning" not in ended.stderr
    assert "fit again with --given age\n" in ended.stderr
    assert "Of these 0 results" in (tmp_path / "out/report.html").read_text()


def test_several_counterfactuals_of_a_row_stand_side_by_side(
    patients: Path, tmp_path: Path
) -> None:
    how = {"at_most": 150, "limit": 4, "several": 2}
    ended = explained(patients, tmp_path / "out", "regressor", **how)
    record, before, after = read(patients, tmp_path / "out")
    page = (tmp_path / "out/report.html").read_text()
    ages = before.cells("age")[:4]
    columns = as_table_flow(zoo.load(patients / "flow.safetensors")).columns

    assert ended.code == 0, ended
    assert torch.equal(features_of(after, columns), record.counterfactual)
    assert record.statements["input"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert record.factual[::2, 0].tolist() == list(map(float, ages))
    assert page.count("<h3>row ") == 4
    assert page.count('data-method="2 of 2">\n<h4>') == 4
    assert "diversity in the data <b>" in page


def test_rows_stay_typical_if_that_is_asked_for(patients: Path, tmp_path: Path) -> None:
    how = {"at_most": 150, "limit": 12, "stay_typical": True}
    ended = explained(patients, tmp_path / "out", "regressor", **how)
    record, _, _ = read(patients, tmp_path / "out")
    flow = as_table_flow(zoo.load(patients / "flow.safetensors"))

    assert ended.code == 0, ended
    assert record.reached.any()
    assert cast("Tensor", flow.is_typical(record.counterfactual))[record.reached].all()


def test_a_search_of_rows_goes_on_and_one_with_other_limits_does_not(
    patients: Path, tmp_path: Path
) -> None:
    how = {"at_most": 150, "limit": 3}
    explained(patients, tmp_path / "out", "regressor", **how)

    again = explained(patients, tmp_path / "out", "regressor", **how)
    other = explained(patients, tmp_path / "out", "regressor", frozen="age", **how)

    assert "3 of 3 rows are there" in again.stderr
    assert other.code == 2
    assert "differs in limits" in other.stderr


def test_a_fit_of_a_table_that_was_interrupted_goes_on_to_the_same_weights(
    patients: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "flow.safetensors"
    how = {"target": "target", "epochs": 2, "quiet": True, "categories": "sex"}

    with monkeypatch.context() as patch:

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(zoo, "card", interrupted)
        ended = run("fit", patients / "table.csv", *flags(out=out, **how))

    assert ended.code == 130
    assert not out.exists()

    given = flags(out=out, resume=True, given="age", **how)
    assert "differs in given" in run("fit", patients / "table.csv", *given).stderr
    again = run("fit", patients / "table.csv", *flags(out=out, resume=True, **how))
    whole = zoo.load(patients / "flow.safetensors").state_dict()

    assert again.code == 0, again
    suffixes = {path.suffix for path in tmp_path.iterdir()}
    assert suffixes == {".html", ".md", ".safetensors"}

    for name, value in zoo.load(out).state_dict().items():
        assert torch.equal(value, whole[name]), name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"frozen": "income"}, "a column must be one of age"),
        ({"data": "digits", "coordinates": "data", "stay_typical": True}, "a density"),
        ({"only_up": "sex"}, "got sex, of categories"),
        ({"crop": 8}, "--crop must be given with images"),
        ({"coordinates": "mnist-flow"}, "must be a flow fitted to one, got Flow"),
        ({"data": "digits", "frozen": "age"}, "--frozen must be given with a table"),
        ({"limit": 0}, "limit must be at least 1"),
    ],
)
def test_what_does_not_fit_a_table_is_refused(
    options: dict[str, object], words: str, patients: Path, tmp_path: Path
) -> None:
    given = {
        "data": patients / "table.csv",
        "model": f"{patients / 'net.py'}:regressor",
        "coordinates": patients / "flow.safetensors",
        "at_most": 150,
        "out": tmp_path / "out",
    }
    ended = run("explain", *flags(**{**given, **options}))

    assert ended.code == 2
    assert words in ended.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 8}, "--size must be given with images"),
        ({"target": "income"}, "must have a column income"),
        ({"given": "income"}, "given columns must be among age"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    options: dict[str, object], words: str, patients: Path, tmp_path: Path
) -> None:
    how = {"out": tmp_path / "flow.safetensors", "epochs": 1, **options}
    ended = run("fit", patients / "table.csv", *flags(**how))

    assert ended.code == 2
    assert words in ended.stderr
