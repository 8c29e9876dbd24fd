"""Estimators of scikit-learn that PyTorch can compute exactly, with gradients."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
import torch
from sklearn.compose import ColumnTransformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    HuberRegressor,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC, LinearSVR
from torch import Tensor, nn

from diffeo.estimators.cells import Cell, Cells
from diffeo.shapes import Data, Outputs

__all__ = ["UnknownStepError", "converted"]

LINEAR_CLASSIFIERS = (
    LinearDiscriminantAnalysis,
    LinearSVC,
    LogisticRegression,
    RidgeClassifier,
    SGDClassifier,
)
LINEAR_REGRESSORS = (
    BayesianRidge,
    ElasticNet,  # and Lasso
    HuberRegressor,
    LinearRegression,
    LinearSVR,
    Ridge,
    SGDRegressor,
)
ACTIVATIONS = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
}


class UnknownStepError(ValueError):
    """A part of an estimator that cannot be computed here with gradients.

    Example:
        >>> print(UnknownStepError("a forest"))
        a forest
    """


def converted(estimator: object, cells: Cells) -> nn.Module:
    """Return a module that computes what an estimator does, in double precision.

    Args:
        estimator: A linear model, a multilayer perceptron, or a pipeline that ends in
            one, after scalers, encoders, imputers and column transformers.
        cells: How it takes the rows of a table.

    Returns:
        From rows of features to logits of shape (rows, classes), or values of shape
        (rows, 1).

    Raises:
        UnknownStepError: If a part of it is of another kind.

    Example:
        >>> fitted = LinearRegression().fit([[1.0], [2.0]], [2.0, 4.0])
        >>> model = converted(fitted, Cells((Cell("x", 0),), width=1))
        >>> model(torch.tensor([[3.0]]))
        tensor([[6.]])
    """

    rows = _Rows(cells.cells, nn.Identity(), cells.width)

    return _Double(_answer(estimator, rows)).eval().requires_grad_(requires_grad=False)


class _Double(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Data) -> Outputs:
        outputs: Tensor = self.model(x.double())

        return outputs.to(x.dtype)


@dataclass(frozen=True)
class _Rows:
    """Rows on the way through a pipeline: columns, each at a place of a vector.

    Args:
        cells: The columns.
        layer: From features to the vector.
        width: Length of the vector.
    """

    cells: tuple[Cell, ...]
    layer: nn.Module
    width: int

    @classmethod
    def of_numbers(cls, layer: nn.Module, width: int) -> "_Rows":
        cells = tuple(Cell(str(place), place) for place in range(width))

        return cls(cells, layer, width)

    def linear(self, weight: Any, bias: Any = 0.0) -> "_Rows":  # noqa: ANN401
        """Return the rows times a matrix, plus a vector."""

        count, width = np.shape(weight)
        layer = nn.Linear(width, count, dtype=torch.float64)
        layer.weight.data = torch.tensor(np.array(weight, float))
        layer.bias.data = torch.tensor(np.broadcast_to(bias, count).astype(float))

        return self.then(layer, count)

    def then(self, layer: nn.Module, width: int) -> "_Rows":
        return self.of_numbers(nn.Sequential(self.layer, layer), width)

    def numbers(self) -> "_Rows":
        """Return the rows with a number for each column."""

        weight = np.zeros((len(self.cells), self.width))

        for row, cell in zip(weight, self.cells, strict=True):
            row[cell.place : cell.place + max(1, len(cell.values))] = _numbers(cell)

        return self.linear(weight)

    def scaled(self, scale: Any, offset: Any) -> "_Rows":  # noqa: ANN401
        """Return each number times a scale, plus an offset."""

        rows = self.numbers()

        return rows.linear(np.diag(np.broadcast_to(scale, rows.width)), offset)

    def pick(self, wanted: Iterable[object]) -> "_Rows":
        """Return some columns, by name, number or flag."""

        chosen: Any = wanted

        if isinstance(chosen, str | int):
            raise UnknownStepError("a column by itself")

        chosen = list(range(len(self.cells)))[chosen] if _is_slice(chosen) else chosen
        keys = list(chosen)

        if keys and isinstance(keys[0], bool | np.bool_):
            keys = [number for number, flag in enumerate(keys) if flag]

        named = {cell.name: cell for cell in self.cells}

        return _Rows(
            tuple(named[key] if key in named else self.cells[key] for key in keys),
            self.layer,
            self.width,
        )


def _is_slice(chosen: object) -> bool:
    return isinstance(chosen, slice)


def _numbers(cell: Cell) -> Sequence[float]:
    if any(isinstance(value, str) for value in cell.values):
        raise UnknownStepError(f"column {cell.name}, of texts, as a number")

    return [float(value) for value in cell.values] or [1.0]


class _Joined(nn.Module):
    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([layer(x) for layer in self.layers], dim=1)


@singledispatch
def _transform(step: object, rows: _Rows) -> _Rows:  # noqa: ARG001
    raise UnknownStepError(type(step).__name__)


@_transform.register(str)
def _(step: str, rows: _Rows) -> _Rows:
    if step != "passthrough":
        raise UnknownStepError(step)

    return rows


@_transform.register(FunctionTransformer)
def _(step: Any, rows: _Rows) -> _Rows:  # noqa: ANN401
    if step.func is not None:
        raise UnknownStepError("a function of one's own")

    return rows


@_transform.register(Pipeline)
def _(step: Any, rows: _Rows) -> _Rows:  # noqa: ANN401
    for _, each in step.steps:
        rows = _transform(each, rows)

    return rows


@_transform.register(SimpleImputer)
def _(step: Any, rows: _Rows) -> _Rows:  # noqa: ANN401
    if step.add_indicator or len(step.statistics_) != len(rows.cells):
        raise UnknownStepError("an imputer that adds columns")

    return rows  # where nothing is missing


@_transform.register(StandardScaler)
def _(step: Any, rows: _Rows) -> _Rows:  # noqa: ANN401
    scale = 1.0 if step.scale_ is None else 1 / step.scale_
    mean = 0.0 if step.mean_ is None or not step.with_mean else step.mean_

    return rows.scaled(scale, -mean * scale)


@_transform.register(RobustScaler)
def _(step: Any, rows: _Rows) -> _Rows:  # noqa: ANN401
    scale = 1 / step.scale_ if step.with_scaling else 1.0
    center = step.center_ if step.with_centering else 0.0

    return rows.scaled(scale, -center * scale)


@_transform.register(MaxAbsScaler)
def _(step: Any, rows: _Rows) -> _Rows:  # noqa: ANN401
    return rows.scaled(1 / step.scale_, 0.0)


@_transform.register(MinMaxScaler)
def _(step: Any, rows: _Rows) -> _Rows:  # noqa: ANN401
    scaled = rows.scaled(step.scale_, step.min_)

    if not step.clip:
        return scaled

    low, high = map(float, step.feature_range)

    return scaled.then(nn.Hardtanh(low, high), scaled.width)


@_transform.register(OneHotEncoder)
def _(step: Any, rows: _Rows) -> _Rows:  # noqa: ANN401
    dropped = step.drop_idx_ if step.drop_idx_ is not None else [None] * len(rows.cells)
    blocks = []

    for cell, known, left_out in zip(
        rows.cells, step.categories_, dropped, strict=True
    ):
        kept = [value for number, value in enumerate(known) if number != left_out]
        block = np.zeros((len(kept), rows.width))
        block[:, _features(cell)] = np.equal.outer(kept, _objects(cell.values))
        blocks.append(block)

    return rows.linear(np.concatenate(blocks))


@_transform.register(OrdinalEncoder)
def _(step: Any, rows: _Rows) -> _Rows:  # noqa: ANN401
    weight = np.zeros((len(rows.cells), rows.width))

    for row, cell, known in zip(weight, rows.cells, step.categories_, strict=True):
        same = np.equal.outer(_objects(known), _objects(cell.values))
        row[_features(cell)] = np.arange(len(known)) @ same

    return rows.linear(weight)


@_transform.register(ColumnTransformer)
def _(step: Any, rows: _Rows) -> _Rows:  # noqa: ANN401
    parts = [
        _transform(each, rows.pick(wanted)).numbers()
        for _, each, wanted in step.transformers_
        if not (isinstance(each, str) and each == "drop") and len(wanted)
    ]
    layer = _Joined(part.layer for part in parts)

    return _Rows.of_numbers(layer, sum(part.width for part in parts))


def _features(cell: Cell) -> slice:
    if not cell.values:
        raise UnknownStepError(f"column {cell.name}, of numbers, as a category")

    return slice(cell.place, cell.place + len(cell.values))


def _objects(values: Iterable[object]) -> Any:  # noqa: ANN401 - an array
    return np.array([*values, None], dtype=object)[:-1]


@singledispatch
def _answer(step: object, rows: _Rows) -> nn.Module:  # noqa: ARG001
    raise UnknownStepError(type(step).__name__)


@_answer.register(Pipeline)
def _(step: Any, rows: _Rows) -> nn.Module:  # noqa: ANN401
    for _, each in step.steps[:-1]:
        rows = _transform(each, rows)

    return _answer(step.steps[-1][1], rows)


@_answer.register(GridSearchCV)
@_answer.register(RandomizedSearchCV)
def _(step: Any, rows: _Rows) -> nn.Module:  # noqa: ANN401
    return _answer(step.best_estimator_, rows)


def _linear_classifier(step: Any, rows: _Rows) -> nn.Module:  # noqa: ANN401
    return _logits(rows.numbers().linear(step.coef_, step.intercept_))


def _linear_regressor(step: Any, rows: _Rows) -> nn.Module:  # noqa: ANN401
    weight = np.reshape(step.coef_, (-1, len(rows.cells)))

    return rows.numbers().linear(weight, step.intercept_).layer


for _kind in LINEAR_CLASSIFIERS:
    _answer.register(_kind, _linear_classifier)

for _kind in LINEAR_REGRESSORS:
    _answer.register(_kind, _linear_regressor)


@_answer.register(MLPClassifier)
def _(step: Any, rows: _Rows) -> nn.Module:  # noqa: ANN401
    return _logits(_perceptron(step, rows))


@_answer.register(MLPRegressor)
def _(step: Any, rows: _Rows) -> nn.Module:  # noqa: ANN401
    return _perceptron(step, rows).layer


def _perceptron(step: Any, rows: _Rows) -> _Rows:  # noqa: ANN401
    rows = rows.numbers()

    for number, (weight, bias) in enumerate(
        zip(step.coefs_, step.intercepts_, strict=True)
    ):
        if number:
            rows = rows.then(ACTIVATIONS[step.activation](), rows.width)

        rows = rows.linear(weight.T, bias)

    return rows


def _logits(rows: _Rows) -> nn.Module:
    """Return a logit for each class, also where there is one for the second alone."""

    return (rows if rows.width > 1 else rows.linear([[0.0], [1.0]])).layer
