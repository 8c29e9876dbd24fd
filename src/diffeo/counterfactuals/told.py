"""What the settings of a record tell of the data and the model, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from diffeo.columns import Column

__all__ = ["columns_in", "settings_of_columns", "words_in"]

COLUMNS = "columns"


def settings_of_columns(columns: Sequence[Column]) -> dict[str, object]:
    """Return what the settings of a record are to hold of a table's columns.

    Args:
        columns: In the order of the features.

    Example:
        >>> columns_in(settings_of_columns([Column("age", decimals=0)]))[0].decimals
        0
    """

    told = [asdict(column) for column in columns]

    return {COLUMNS: [{**each, "categories": [*each["categories"]]} for each in told]}


def columns_in(settings: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of the data of a record; empty if it tells none.

    Args:
        settings: Those of the record.

    Raises:
        ValueError: If what they tell of columns is anything else.

    Example:
        >>> columns_in({"steps": 100})
        ()
    """

    found = settings.get(COLUMNS, [])

    if not isinstance(found, list) or not all(map(_is_column, found)):
        raise ValueError(f"its columns must be those of a table, got {found!s:.60}")

    return tuple(map(Column.of, found))


def words_in(settings: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return a list of words that a record tells; empty if it does not.

    Args:
        settings: Those of the record.
        name: "classes", what the classes are called, in order; or "notes", sentences to
            know before anything is believed.

    Raises:
        ValueError: If what they tell is anything else.

    Example:
        >>> words_in({"classes": ["cat", "dog"]}, "classes")
        ('cat', 'dog')
    """

    found = settings.get(name, [])

    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ValueError(f"its {name} must be words, got {found!s:.60}")

    return tuple(found)


def _is_column(told: object) -> bool:
    """Return whether JSON tells of a column."""

    match told:
        case {
            "name": str(),
            "categories": list(kinds),
            "decimals": None | int() as decimals,
            "mean": float(),
            "scale": float(scale),
            "low": float(),
            "high": float(),
            **rest,
        } if not rest:
            words = all(isinstance(kind, str) for kind in kinds)

            return words and scale > 0 and (decimals is None or decimals >= 0)

    return False
