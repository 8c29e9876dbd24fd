"""Estimators of scikit-learn that PyTorch can compute exactly, with gradients."""

from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from torch import Tensor, nn

from diffeo.estimators.answers import Answers
from diffeo.shapes import Data, Outputs

__all__ = ["converted"]

ACTIVATIONS = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
}


def converted(answers: Answers, x: Data) -> nn.Module | None:
    """Return a module that computes what an estimator does, in double precision.

    It must be a linear model or a multilayer perceptron, or a pipeline that ends in one
    after an affine map of the features, as scalers, encoders and column transformers
    are. That map is the one that fits what becomes of rows: the caller has to check
    whether the module answers as the estimator does.

    Args:
        answers: What the estimator answers.
        x: Rows that it takes, with all categories and the whole range of numbers.

    Returns:
        From rows of features to logits of shape (rows, classes), or values of shape
        (rows, 1); None if the estimator is of another kind.

    Example:
        >>> from sklearn.linear_model import LinearRegression
        >>> from diffeo.estimators.cells import Cell, Cells
        >>> fitted = LinearRegression().fit([[1.0], [2.0]], [2.0, 4.0])
        >>> cells = Cells((Cell("x", 0, decimals=0),))
        >>> model = converted(Answers(fitted, cells), torch.tensor([[0.0], [9.0]]))
        >>> model(torch.tensor([[3.0]]))
        tensor([[6.]])
    """

    last, rows = _last_step(answers.estimator, answers.cells.read(x))

    try:
        numbers = np.asarray(rows.toarray() if issparse(rows) else rows, float)
        activation, layers = _layers(last, numbers.shape[1])
    except (AttributeError, ValueError):  # of no coefficients, of texts
        return None

    parts: list[nn.Module] = [_fitted(x.double().cpu().numpy(), numbers)]

    for number, layer in enumerate(layers):
        parts += [activation(), layer] if number else [layer]

    if answers.is_of_classes and layers[-1].out_features == 1:
        parts.append(_linear([[0.0], [1.0]], 0.0))  # of the second class alone

    model = _Double(nn.Sequential(*parts))

    return model.eval().requires_grad_(requires_grad=False)


class _Double(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Data) -> Outputs:
        outputs: Tensor = self.model(x.double())

        return outputs.to(x.dtype)


def _last_step(estimator: Any, rows: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Return the model at the end of an estimator, and what it is given for rows."""

    if isinstance(estimator, GridSearchCV | RandomizedSearchCV):
        return _last_step(estimator.best_estimator_, rows)

    if not isinstance(estimator, Pipeline):
        return estimator, rows

    for _, step in estimator.steps[:-1]:
        rows = rows if step in (None, "passthrough") else step.transform(rows)

    return _last_step(estimator.steps[-1][1], rows)


def _layers(last: Any, inputs: int) -> tuple[type[nn.Module], list[nn.Linear]]:  # noqa: ANN401
    """Return the layers of a model, and the activation between them."""

    if isinstance(last, MLPClassifier | MLPRegressor):
        pairs = zip(last.coefs_, last.intercepts_, strict=True)
        layers = [_linear(weight.T, bias) for weight, bias in pairs]

        return ACTIVATIONS[last.activation], layers

    return nn.Identity, [_linear(np.reshape(last.coef_, (-1, inputs)), last.intercept_)]


def _fitted(x: Any, y: Any) -> nn.Linear:  # noqa: ANN401 - arrays
    """Return the affine map that leads from rows to others with the least error."""

    center, unit = x.mean(0), x.std(0)
    unit[unit == 0] = 1
    solution = np.linalg.lstsq((x - center) / unit, y - y.mean(0), rcond=None)
    weight = solution[0].T / unit

    return _linear(weight, y.mean(0) - weight @ center)


def _linear(weight: Any, bias: Any) -> nn.Linear:  # noqa: ANN401 - arrays
    outputs, inputs = np.shape(weight)
    layer = nn.Linear(inputs, outputs, dtype=torch.float64)
    layer.weight.data = torch.tensor(np.array(weight, float))
    layer.bias.data = torch.tensor(np.broadcast_to(bias, outputs).astype(float))

    return layer
