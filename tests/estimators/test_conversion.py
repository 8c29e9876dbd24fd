"""A converted estimator answers as the estimator does."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC

from diffeo.columns import Column
from diffeo.data.features import columns_of, features_of
from diffeo.data.table import Table
from diffeo.estimators.answers import Answers
from diffeo.estimators.cells import cells_of
from diffeo.estimators.conversion import converted
from diffeo.estimators.rows import UnknownStepError

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


def check(fitted: object, columns: Sequence[Column], x: torch.Tensor) -> None:
    cells = cells_of(fitted, columns)
    answers, model = Answers(fitted, cells)(x), converted(fitted, cells)
    outputs = model(x.requires_grad_())

    torch.testing.assert_close(outputs.detach(), answers, rtol=0, atol=1e-6)
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
    cells = cells_of(pipeline, COLUMNS)
    answers, outputs = Answers(pipeline, cells)(X), converted(pipeline, cells)(X)

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


@pytest.mark.parametrize(
    "last", [RandomForestClassifier(2), make_pipeline(PolynomialFeatures(), Ridge())]
)
def test_what_is_not_known_is_said(last: object) -> None:
    fitted = make_pipeline(last).fit(X.numpy(), LABELS)

    with pytest.raises(UnknownStepError, match=r"RandomForest|Polynomial"):
        converted(fitted, cells_of(fitted, COLUMNS))


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
