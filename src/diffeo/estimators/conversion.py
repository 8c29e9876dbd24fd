"""Estimators of scikit-learn that PyTorch can compute exactly, with gradients."""

from functools import singledispatch
from typing import Any

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
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
from sklearn.svm import LinearSVC, LinearSVR
from torch import Tensor, nn

from diffeo.estimators.cells import Cells
from diffeo.estimators.rows import Rows, UnknownStepError
from diffeo.estimators.transforms import transformed
from diffeo.shapes import Data, Outputs

__all__ = ["converted"]

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
        >>> import torch
        >>> from diffeo.estimators.cells import Cell
        >>> fitted = LinearRegression().fit([[1.0], [2.0]], [2.0, 4.0])
        >>> model = converted(fitted, Cells((Cell("x", 0),), width=1))
        >>> model(torch.tensor([[3.0]]))
        tensor([[6.]])
    """

    rows = Rows(cells.cells, nn.Identity(), cells.width)

    return _Double(_answer(estimator, rows)).eval().requires_grad_(requires_grad=False)


class _Double(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Data) -> Outputs:
        outputs: Tensor = self.model(x.double())

        return outputs.to(x.dtype)


@singledispatch
def _answer(step: object, rows: Rows) -> nn.Module:  # noqa: ARG001
    raise UnknownStepError(type(step).__name__)


@_answer.register(Pipeline)
def _(step: Any, rows: Rows) -> nn.Module:  # noqa: ANN401
    for _, each in step.steps[:-1]:
        rows = transformed(each, rows)

    return _answer(step.steps[-1][1], rows)


@_answer.register(GridSearchCV)
@_answer.register(RandomizedSearchCV)
def _(step: Any, rows: Rows) -> nn.Module:  # noqa: ANN401
    return _answer(step.best_estimator_, rows)


def _linear_classifier(step: Any, rows: Rows) -> nn.Module:  # noqa: ANN401
    return _logits(rows.numbers().linear(step.coef_, step.intercept_))


def _linear_regressor(step: Any, rows: Rows) -> nn.Module:  # noqa: ANN401
    weight = np.reshape(step.coef_, (-1, len(rows.cells)))

    return rows.numbers().linear(weight, step.intercept_).layer


for _kind in LINEAR_CLASSIFIERS:
    _answer.register(_kind, _linear_classifier)

for _kind in LINEAR_REGRESSORS:
    _answer.register(_kind, _linear_regressor)


@_answer.register(MLPClassifier)
def _(step: Any, rows: Rows) -> nn.Module:  # noqa: ANN401
    return _logits(_perceptron(step, rows))


@_answer.register(MLPRegressor)
def _(step: Any, rows: Rows) -> nn.Module:  # noqa: ANN401
    return _perceptron(step, rows).layer


def _perceptron(step: Any, rows: Rows) -> Rows:  # noqa: ANN401
    rows = rows.numbers()

    for number, (weight, bias) in enumerate(
        zip(step.coefs_, step.intercepts_, strict=True)
    ):
        if number:
            rows = rows.then(ACTIVATIONS[step.activation](), rows.width)

        rows = rows.linear(weight.T, bias)

    return rows


def _logits(rows: Rows) -> nn.Module:
    """Return a logit for each class, also where there is one for the second alone."""

    return (rows if rows.width > 1 else rows.linear([[0.0], [1.0]])).layer
