"""What scikit-learn does to columns before a model, as layers with gradients."""

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
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
from torch import nn

from diffeo.estimators.cells import Cell
from diffeo.estimators.rows import Joined, Rows, UnknownStepError

__all__ = ["transformed"]


@singledispatch
def transformed(step: object, rows: Rows) -> Rows:  # noqa: ARG001
    """Return rows as a step of a pipeline changes them.

    Args:
        step: A fitted scaler, encoder, imputer, column transformer, or a pipeline of
            these.
        rows: What it is given.

    Raises:
        UnknownStepError: If it is of another kind, or set otherwise than here.

    Example:
        >>> import torch
        >>> rows = Rows.of_numbers(nn.Identity(), 1)
        >>> scaler = MaxAbsScaler().fit([[2.0], [-4.0]])
        >>> transformed(scaler, rows).layer(torch.tensor([[2.0]]).double()).item()
        0.5
    """

    raise UnknownStepError(type(step).__name__)


@transformed.register(str)
def _(step: str, rows: Rows) -> Rows:
    if step != "passthrough":
        raise UnknownStepError(step)

    return rows


@transformed.register(FunctionTransformer)
def _(step: Any, rows: Rows) -> Rows:  # noqa: ANN401
    if step.func is not None:
        raise UnknownStepError("a function of one's own")

    return rows


@transformed.register(Pipeline)
def _(step: Any, rows: Rows) -> Rows:  # noqa: ANN401
    for _, each in step.steps:
        rows = transformed(each, rows)

    return rows


@transformed.register(SimpleImputer)
def _(step: Any, rows: Rows) -> Rows:  # noqa: ANN401
    if step.add_indicator or len(step.statistics_) != len(rows.cells):
        raise UnknownStepError("an imputer that adds columns")

    return rows  # where nothing is missing


@transformed.register(StandardScaler)
def _(step: Any, rows: Rows) -> Rows:  # noqa: ANN401
    scale = 1.0 if step.scale_ is None else 1 / step.scale_
    mean = 0.0 if step.mean_ is None or not step.with_mean else step.mean_

    return rows.scaled(scale, -mean * scale)


@transformed.register(RobustScaler)
def _(step: Any, rows: Rows) -> Rows:  # noqa: ANN401
    scale = 1 / step.scale_ if step.with_scaling else 1.0
    center = step.center_ if step.with_centering else 0.0

    return rows.scaled(scale, -center * scale)


@transformed.register(MaxAbsScaler)
def _(step: Any, rows: Rows) -> Rows:  # noqa: ANN401
    return rows.scaled(1 / step.scale_, 0.0)


@transformed.register(MinMaxScaler)
def _(step: Any, rows: Rows) -> Rows:  # noqa: ANN401
    scaled = rows.scaled(step.scale_, step.min_)

    if not step.clip:
        return scaled

    low, high = map(float, step.feature_range)

    return scaled.then(nn.Hardtanh(low, high), scaled.width)


@transformed.register(OneHotEncoder)
def _(step: Any, rows: Rows) -> Rows:  # noqa: ANN401
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


@transformed.register(OrdinalEncoder)
def _(step: Any, rows: Rows) -> Rows:  # noqa: ANN401
    weight = np.zeros((len(rows.cells), rows.width))

    for row, cell, known in zip(weight, rows.cells, step.categories_, strict=True):
        same = np.equal.outer(_objects(known), _objects(cell.values))
        row[_features(cell)] = np.arange(len(known)) @ same

    return rows.linear(weight)


@transformed.register(ColumnTransformer)
def _(step: Any, rows: Rows) -> Rows:  # noqa: ANN401
    parts = [
        transformed(each, rows.pick(wanted)).numbers()
        for _, each, wanted in step.transformers_
        if each != "drop" and len(wanted)
    ]
    layer = Joined(part.layer for part in parts)

    return Rows.of_numbers(layer, sum(part.width for part in parts))


def _features(cell: Cell) -> slice:
    if not cell.values:
        raise UnknownStepError(f"column {cell.name}, of numbers, as a category")

    return slice(cell.place, cell.place + len(cell.values))


def _objects(values: Iterable[object]) -> Any:  # noqa: ANN401 - an array
    return np.array([*values, None], dtype=object)[:-1]
