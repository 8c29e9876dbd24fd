"""Rows of a table on their way through a pipeline: columns in a vector."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from diffeo.estimators.cells import Cell

__all__ = ["Joined", "Rows", "UnknownStepError"]


class UnknownStepError(ValueError):
    """A part of an estimator that cannot be computed here with gradients.

    Example:
        >>> print(UnknownStepError("a forest"))
        a forest
    """


@dataclass(frozen=True)
class Rows:
    """Rows on the way through a pipeline: columns, each at a place of a vector.

    Args:
        cells: The columns.
        layer: From features to the vector.
        width: Length of the vector.

    Example:
        >>> rows = Rows((Cell("age", 0), Cell("height", 1)), nn.Identity(), 2)
        >>> rows.scaled(2.0, 1.0).layer(torch.tensor([[1.0, 3.0]]).double()).tolist()
        [[3.0, 7.0]]
    """

    cells: tuple[Cell, ...]
    layer: nn.Module
    width: int

    @classmethod
    def of_numbers(cls, layer: nn.Module, width: int) -> "Rows":
        """Return rows whose columns are the numbers of the vector."""

        cells = tuple(Cell(str(place), place) for place in range(width))

        return cls(cells, layer, width)

    def linear(self, weight: Any, bias: Any = 0.0) -> "Rows":  # noqa: ANN401
        """Return the rows times a matrix, plus a vector."""

        count, width = np.shape(weight)
        layer = nn.Linear(width, count, dtype=torch.float64)
        layer.weight.data = torch.tensor(np.array(weight, float))
        layer.bias.data = torch.tensor(np.broadcast_to(bias, count).astype(float))

        return self.then(layer, count)

    def then(self, layer: nn.Module, width: int) -> "Rows":
        """Return the numbers that a layer makes of the vector, so many."""

        return self.of_numbers(nn.Sequential(self.layer, layer), width)

    def numbers(self) -> "Rows":
        """Return the rows with a number for each column."""

        weight = np.zeros((len(self.cells), self.width))

        for row, cell in zip(weight, self.cells, strict=True):
            if any(isinstance(value, str) for value in cell.values):
                raise UnknownStepError(f"column {cell.name}, of texts, as a number")

            values = cell.values or (1.0,)
            row[cell.place : cell.place + len(values)] = values

        return self.linear(weight)

    def scaled(self, scale: Any, offset: Any) -> "Rows":  # noqa: ANN401
        """Return each number times a scale, plus an offset."""

        rows = self.numbers()

        return rows.linear(np.diag(np.broadcast_to(scale, rows.width)), offset)

    def pick(self, wanted: Any) -> "Rows":  # noqa: ANN401
        """Return some columns, by name, number or flag."""

        if isinstance(wanted, str | int):
            raise UnknownStepError("a column by itself")

        numbers = range(len(self.cells))
        keys = list(numbers[wanted] if isinstance(wanted, slice) else wanted)

        if keys and isinstance(keys[0], bool | np.bool_):
            keys = [number for number, flag in enumerate(keys) if flag]

        named = {cell.name: cell for cell in self.cells}
        cells = (named[key] if key in named else self.cells[key] for key in keys)

        return replace(self, cells=tuple(cells))


class Joined(nn.Module):
    """The vectors of several layers, one after the other.

    Args:
        layers: Each takes the same vector.

    Example:
        >>> Joined([nn.Identity(), nn.Identity()])(torch.ones(1, 1))
        tensor([[1., 1.]])
    """

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return all of them."""

        return torch.cat([layer(x) for layer in self.layers], dim=1)
