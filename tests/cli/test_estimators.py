"""Tables explained for estimators of scikit-learn."""

from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from command_line import Ended, flags, run
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.table import Table, read_table
from diffeo.estimators import surrogate

NAMES = "age", "debt", "income"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, a flow of it, and three estimators."""

    pandas = pytest.importorskip("pandas")
    random = np.random.default_rng(0)
    age = random.integers(20, 80, 300)
    income = random.normal(40, 10, 300) + age / 4
    debt = random.normal(20, 5, 300)
    risk = np.where(debt - income / 3 + random.normal(0, 1, 300) > 3, "high", "low")
    cells = zip(age, debt.round(1), income.round(2), risk, strict=True)
    folder = tmp_path_factory.mktemp("people")
    rows = tuple(tuple(map(str, row)) for row in cells)
    Table((*NAMES, "risk"), rows).save(folder / "people.csv")
    frame = pandas.read_csv(folder / "people.csv")
    labels = frame.pop("risk")
    linear = make_pipeline(StandardScaler(), LogisticRegression())
    forest = RandomForestClassifier(20, random_state=0, max_depth=5)
    values = RandomForestRegressor(20, random_state=0, max_depth=5)
    joblib.dump(linear.fit(frame, labels), folder / "linear.joblib")
    joblib.dump(forest.fit(frame, labels), folder / "forest.pkl")
    joblib.dump(values.fit(frame, frame.debt - frame.income), folder / "values.joblib")
    how = flags(target="risk", epochs=4, quiet=True, out=folder / "flow.safetensors")
    assert run("fit", folder / "people.csv", *how).code == 0

    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surrogate, "STEPS", 200)
    monkeypatch.setattr(surrogate, "SAMPLES", 500)


def explained(folder: Path, model: str, out: Path, **options: object) -> Ended:
    told = {
        "data": folder / "people.csv",
        "model": model,
        "coordinates": folder / "flow.safetensors",
        "limit": 20,
        "steps": 200,
        "quiet": True,
        "out": out,
        **options,
    }

    return run("explain", *flags(**told))


def answers(folder: Path, model: str, out: Path) -> np.ndarray:
    """What an estimator says of the counterfactuals, as anybody would ask it."""

    pandas = pytest.importorskip("pandas")
    estimator = joblib.load(folder / model)
    frame = pandas.read_csv(out / "counterfactuals.csv")

    if model == "values.joblib":
        return np.asarray(estimator.predict(frame))

    return np.asarray(estimator.predict_proba(frame)[:, 0])


@pytest.mark.parametrize("model", ["linear.joblib", "forest.pkl"])
def test_each_row_that_is_reached_has_the_answer_of_the_estimator_itself(
    model: str, people: Path, tmp_path: Path
) -> None:
    text = str(people / model)
    ended = explained(people, text, tmp_path, target="high", confidence=0.8)
    record = Counterfactuals.load(tmp_path / "record.safetensors")
    found, page = answers(people, model, tmp_path), tmp_path / "report.html"

    assert ended.code == 0, ended
    assert record.reached.double().mean() > 0.8
    np.testing.assert_allclose(record.confidence, found, atol=1e-3)
    assert (found[record.reached.numpy()] > 0.8).all()
    assert set(record.target.tolist()) == {0.0}
    assert "high" in page.read_text()
    assert ("surrogate" in page.read_text()) == (model == "forest.pkl")
    assert ("notes" in record.settings) == (model == "forest.pkl")


def test_values_of_trees_are_brought_below_a_bound(
    people: Path, tmp_path: Path
) -> None:
    ended = explained(
        people, str(people / "values.joblib"), tmp_path, at_most=-40.0, frozen="age"
    )
    record = Counterfactuals.load(tmp_path / "record.safetensors")
    found = answers(people, "values.joblib", tmp_path)
    after = read_table(tmp_path / "counterfactuals.csv")

    assert ended.code == 0, ended
    assert record.reached.double().mean() > 0.8
    np.testing.assert_allclose(record.outputs_after[:, 0], found, rtol=1e-4)
    assert (found[record.reached.numpy()] <= -40).all()
    assert "R² " in ended.stderr
    assert after.cells("age") == read_table(people / "people.csv", limit=20).cells(
        "age"
    )


def test_a_regressor_has_no_class_to_become(people: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = explained(people, str(people / "values.joblib"), out, target=1)

    assert ended.code == 2
    assert "--target must be given with a classifier, got a regressor" in ended.stderr
    assert not out.exists()


def test_a_function_may_return_an_estimator_and_another_may_agree(
    people: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "import joblib\n"
        f"def load(): return joblib.load({str(people / 'linear.joblib')!r})\n"
    )
    out = tmp_path / "out"
    how = {"target": "high", "confidence": 0.7, "agree": people / "forest.pkl"}
    ended = explained(people, f"{tmp_path / 'mine.py'}:load", out, **how)
    record = Counterfactuals.load(out / "record.safetensors")
    reached = record.reached.numpy()

    assert ended.code == 0, ended
    assert reached.any()
    assert (answers(people, "forest.pkl", out)[reached] > 0.7).all()


def test_what_is_no_estimator_of_the_table_is_refused(
    people: Path, tmp_path: Path
) -> None:
    other = LogisticRegression().fit(np.eye(2), [0, 1])
    joblib.dump(other, tmp_path / "two.joblib")
    joblib.dump([], tmp_path / "list.joblib")
    (tmp_path / "text.pkl").write_text("no")

    for name, words in {
        "two.joblib": "must take the table's 3 columns, or their 3 features, got one",
        "list.joblib": "list.joblib must be an estimator with predict, got list",
        "text.pkl": "text.pkl must be an estimator in a file of joblib or pickle",
    }.items():
        ended = explained(people, str(tmp_path / name), tmp_path / "o", target="0")
        assert ended.code == 2
        assert words in ended.stderr

    images = {"data": "digits", "coordinates": "mnist-flow", "target": "high"}
    ended = explained(people, str(people / "forest.pkl"), tmp_path / "o", **images)
    assert ended.code == 2
    assert "a model of images must be a torch.nn.Module, got Random" in ended.stderr


def test_probabilities_of_rows_are_told_and_taken(people: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import torch\n"
        "def load():\n"
        "    torch.manual_seed(0)\n"
        "    layers = torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2)\n"
        "    return torch.nn.Sequential(*layers, torch.nn.Softmax(1)).eval()\n"
    )
    text, how = f"{tmp_path / 'mine.py'}:load", {"target": "other", "limit": 3}
    refused = explained(people, text, tmp_path / "out", **how)
    ended = explained(
        people, text, tmp_path / "out", model_outputs="probabilities", **how
    )
    record = Counterfactuals.load(tmp_path / "out/record.safetensors")

    assert refused.code == 2
    assert "--model-outputs probabilities" in refused.stderr
    assert ended.code == 0, ended
    assert torch.equal(
        record.outputs_after.exp().sum(1).round(decimals=4), torch.ones(3)
    )
