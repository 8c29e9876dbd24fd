"""The rows of a table as an estimator was fitted to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diffeo.columns import Column
from diffeo.extras import require
from diffeo.shapes import Data

__all__ = ["Cell", "Cells", "cells_of"]

FLAGS = {"True": True, "False": False}


@dataclass(frozen=True)
class Cell:
    """A column as an estimator takes it.

    Args:
        name: Its name.
        place: Number of its first feature.
        values: Its categories as the estimator knows them: numbers if all of them are,
            else flags or texts; empty for a column of numbers.
        decimals: Decimals that its numbers have at most; None if they are not rounded.

    Example:
        >>> Cell("color", 0, ("blue", "red")).read(np.array([[0.0, 1.0]]))
        array(['red'], dtype=object)
    """

    name: str
    place: int
    values: tuple[Any, ...] = ()
    decimals: int | None = None

    def read(self, features: Any) -> Any:  # noqa: ANN401 - an array
        """Return the column of an array of features, as a file that holds it reads.

        Args:
            features: Shape (rows, features), in double precision.
        """

        if self.values:
            block = features[:, self.place : self.place + len(self.values)]

            return np.array(self.values, dtype=object)[block.argmax(1)]

        numbers = features[:, self.place]

        if self.decimals is None:
            return np.array([float(str(x)) for x in numbers.astype(np.float32)])

        return numbers.round(self.decimals)


@dataclass(frozen=True)
class Cells:
    """All columns that an estimator takes, in its order.

    Args:
        cells: The columns.
        named: Whether it takes them by name, as a frame of pandas.

    Example:
        >>> import torch
        >>> Cells((Cell("age", 1, decimals=0),)).read(torch.ones(1, 2))
        array([[1.]])
    """

    cells: tuple[Cell, ...]
    named: bool = False

    def read(self, x: Data) -> Any:  # noqa: ANN401 - an array or a frame
        """Return rows of features as the estimator takes them."""

        features = x.detach().cpu().double().numpy()
        read = [cell.read(features) for cell in self.cells]

        if not self.named:
            return np.stack(read, axis=1)

        require("pandas", extra="tables")
        import pandas as pd

        columns = zip(self.cells, read, strict=True)

        return pd.DataFrame({cell.name: column for cell, column in columns})


def cells_of(estimator: object, columns: Sequence[Column]) -> Cells:
    """Return how an estimator takes the rows of a table.

    It was fitted to a frame with names of columns; or to an array of the columns, or
    of their features, in the order of the table.

    Args:
        estimator: A fitted estimator.
        columns: The columns of the table.

    Raises:
        ValueError: If it takes other columns.

    Example:
        >>> from sklearn.linear_model import LinearRegression
        >>> fitted = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
        >>> cells_of(fitted, [Column("age", decimals=0)]).cells
        (Cell(name='age', place=0, values=(), decimals=0),)
    """

    count = getattr(estimator, "n_features_in_", None)
    names = getattr(estimator, "feature_names_in_", None)
    sizes = [len(column.features) for column in columns]
    places = [sum(sizes[:number]) for number in range(len(sizes))]
    known = {
        column.name: Cell(column.name, place, _values(column), column.decimals)
        for column, place in zip(columns, places, strict=True)
    }

    if names is not None:
        unknown = [name for name in names if name not in known]

        if unknown:
            raise ValueError(
                f"the model's columns must be among the flow's {', '.join(known)}, got "
                f"{', '.join(map(str, unknown))}"
            )

        return Cells(tuple(known[name] for name in names), named=True)

    if count == len(known):
        return Cells(tuple(known.values()))

    if count == sum(sizes):
        features = [
            (name, 0 if column.categories else column.decimals)
            for column in columns
            for name in column.features
        ]
        cells = [
            Cell(name, place, decimals=decimals)
            for place, (name, decimals) in enumerate(features)
        ]

        return Cells(tuple(cells))

    raise ValueError(
        f"the model must take the table's {len(known)} columns, or their {sum(sizes)} "
        f"features, got one of {count}"
    )


def _values(column: Column) -> tuple[Any, ...]:
    """Return categories as a reader of the table takes them."""

    if set(column.categories) <= FLAGS.keys():
        return tuple(FLAGS[category] for category in column.categories)

    try:
        return tuple(map(float, column.categories))
    except ValueError:
        return column.categories
