"""A converted estimator answers as the estimator does."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from torch import nn

from diffeo.columns import Column
from diffeo.coordinates.table import TableFlow
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.data.features import columns_of, features_of
from diffeo.data.table import Table
from diffeo.estimators import surrogate
from diffeo.estimators.answers import Answers
from diffeo.estimators.cells import cells_of
from diffeo.estimators.conversion import converted
from diffeo.estimators.of_table import of_table
from diffeo.estimators.probes import probes
from diffeo.models.affine_spline import affine_spline

COLORS = "red", "green", "blue"
NUMBERS, KINDS = ["age", "height"], ["color", "floor"]


def people(rows: int = 90) -> Table:
    """A table of numbers, texts and numbers that are categories."""

    random = np.random.default_rng(0)

    return Table(
        ("age", "color", "height", "floor"),
        tuple(
            (
                str(random.integers(1, 90)),
                str(random.choice(COLORS)),
                f"{random.normal(1.7, 0.1):.2f}",
                str(random.integers(0, 3)),
            )
            for _ in range(rows)
        ),
    )


TABLE = people()
COLUMNS = columns_of(TABLE, categories=["floor"])
X = features_of(TABLE, COLUMNS).double()
LABELS = np.random.default_rng(1).integers(0, 3, len(TABLE))
VALUES = np.random.default_rng(2).normal(size=len(TABLE))


def frame() -> Any:  # noqa: ANN401 - of pandas, which has no types here
    pandas = pytest.importorskip("pandas")

    return pandas.DataFrame(
        {
            "floor": [int(cell) for cell in TABLE.cells("floor")],
            "color": list(TABLE.cells("color")),
            "age": [int(cell) for cell in TABLE.cells("age")],
            "height": [float(cell) for cell in TABLE.cells("height")],
        }
    )


def mixed(last: object, encoder: object, scaler: object) -> Pipeline:
    """What most people write: numbers scaled, categories encoded, then a model."""

    kinds = make_pipeline(SimpleImputer(strategy="most_frequent"), encoder)

    return make_pipeline(
        ColumnTransformer(
            [("numbers", make_pipeline(SimpleImputer(), scaler), NUMBERS)],
            remainder=kinds,
        ),
        last,
    )


def converted_by(fitted: object, columns: Sequence[Column]) -> nn.Module:
    answers = Answers(fitted, cells_of(fitted, columns))
    model = converted(answers, probes(columns))
    assert model is not None

    return model


def check(fitted: object, columns: Sequence[Column], x: torch.Tensor) -> None:
    answers = Answers(fitted, cells_of(fitted, columns))
    outputs = converted_by(fitted, columns)(x.requires_grad_())

    torch.testing.assert_close(outputs.detach(), answers(x), rtol=0, atol=1e-6)
    assert torch.autograd.grad(outputs.sum(), x)[0].isfinite().all()


@pytest.mark.parametrize("labels", [LABELS, LABELS > 1], ids=["three", "two"])
@pytest.mark.parametrize(
    ("last", "encoder", "scaler"),
    [
        (LogisticRegression(), OneHotEncoder(), StandardScaler()),
        (LinearSVC(), OneHotEncoder(drop="first"), MinMaxScaler(clip=True)),
        (MLPClassifier((8,), max_iter=3), OrdinalEncoder(), RobustScaler()),
        (
            MLPClassifier((8, 5), activation="tanh", max_iter=3),
            OneHotEncoder(sparse_output=False),
            MaxAbsScaler(),
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_pipeline_of_classes_answers_alike(
    last: object, encoder: object, scaler: object, labels: np.ndarray
) -> None:
    pipeline = mixed(last, encoder, scaler).fit(frame(), labels)
    answers = Answers(pipeline, cells_of(pipeline, COLUMNS))(X)
    outputs = converted_by(pipeline, COLUMNS)(X)

    if isinstance(last, LinearSVC):
        torch.testing.assert_close(outputs, answers, rtol=0, atol=1e-6)
    else:
        torch.testing.assert_close(outputs.softmax(1), answers.exp(), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "last",
    [
        LinearRegression(),
        Ridge(),
        MLPRegressor(hidden_layer_sizes=(8,), activation="logistic", max_iter=3),
    ],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_pipeline_of_values_answers_alike(last: object) -> None:
    pipeline = mixed(last, OneHotEncoder(), StandardScaler()).fit(frame(), VALUES)

    check(pipeline, COLUMNS, X.clone())


def test_arrays_of_columns_or_of_features_are_taken_as_well() -> None:
    numbers = [COLUMNS[0], COLUMNS[2]]
    x = features_of(TABLE, numbers).double()
    columns = make_pipeline(StandardScaler(), Ridge()).fit(x.numpy(), VALUES)
    features = Ridge().fit(X.numpy(), VALUES)

    check(columns, numbers, x)
    check(features, COLUMNS, X.clone())


def test_the_best_of_a_search_is_converted() -> None:
    numbers = [COLUMNS[0], COLUMNS[2]]
    x = features_of(TABLE, numbers).double()
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2).fit(x.numpy(), VALUES)

    check(search, numbers, x)


def test_whatever_is_affine_may_come_first() -> None:
    numbers = [COLUMNS[0], COLUMNS[2]]
    x = features_of(TABLE, numbers).double()
    pipeline = make_pipeline(StandardScaler(), "passthrough", PCA(1), RidgeCV())

    check(pipeline.fit(x.numpy(), VALUES), numbers, x)


def words_on(fitted: object, x: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(surrogate, "STEPS", 1)
    monkeypatch.setattr(surrogate, "SAMPLES", 50)
    flow = TableFlow(ZukoFlow(affine_spline(range(8), hidden=(4,))), COLUMNS).eval()

    return of_table(fitted, flow, x.float())[1]


@pytest.mark.parametrize(
    ("last", "exact"),
    [
        (LogisticRegression(), True),
        (RandomForestClassifier(2), False),
        (make_pipeline(PolynomialFeatures(), LogisticRegression()), False),
        (
            make_pipeline(
                KBinsDiscretizer(2, strategy="uniform"), LogisticRegression()
            ),
            False,
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_answers_otherwise_when_converted_is_not(
    last: object, *, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = make_pipeline(last).fit(X.numpy(), LABELS)

    assert (words_on(fitted, X, monkeypatch) == "") == exact


def test_an_encoder_that_has_not_seen_a_category_is_converted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blue = X[:, 1 + COLUMNS[1].categories.index("blue")] > 0
    pipeline = mixed(LogisticRegression(), OneHotEncoder(), StandardScaler())
    fitted = pipeline.fit(frame()[~blue.numpy()], LABELS[~blue.numpy()])

    assert words_on(fitted, X[~blue], monkeypatch) == ""


def test_rows_read_as_the_file_that_holds_them() -> None:
    fitted = mixed(Ridge(), OneHotEncoder(), StandardScaler()).fit(frame(), VALUES)
    read = cells_of(fitted, COLUMNS).read(X.float())

    assert read.equals(frame().astype(read.dtypes))


def test_other_columns_are_refused() -> None:
    fitted = mixed(Ridge(), OneHotEncoder(), StandardScaler()).fit(frame(), VALUES)

    with pytest.raises(ValueError, match="must be among the flow's age, got floor"):
        cells_of(fitted, COLUMNS[:1])

    with pytest.raises(
        ValueError, match="4 columns, or their 8 features, got one of 3"
    ):
        cells_of(Ridge().fit(np.eye(3), VALUES[:3]), COLUMNS)


def test_an_estimator_that_fails_is_refused_in_a_sentence() -> None:
    texts = frame().astype({"floor": str})  # the flow's reader takes numbers for them
    fitted = mixed(Ridge(), OneHotEncoder(), StandardScaler()).fit(texts, VALUES)
    answers = Answers(fitted, cells_of(fitted, COLUMNS))

    with pytest.raises(ValueError, match="the model failed on rows of the table: Val"):
        answers(X)
