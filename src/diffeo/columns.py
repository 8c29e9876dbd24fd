"""What is known of a column of a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Column"]


@dataclass(frozen=True)
class Column:
    """A column of numbers, or of categories, and how it is told to a model.

    A number is one feature, in the column's own units. A category is one-hot: a feature
    for each of the column's categories, 1 for the one that it is and 0 for the others.

    Args:
        name: Its name in the table.
        categories: Its categories, in order; empty for numbers.
        decimals: Decimals that its numbers have at most, 0 for whole ones; None for
            numbers that are not rounded.
        mean: Mean of its numbers, in its own units.
        scale: Their standard deviation, in its own units, or 1 if that is 0.
        low: Least of its numbers.
        high: Greatest of its numbers.

    Example:
        >>> Column("color", ("blue", "red")).features
        ('color=blue', 'color=red')
    """

    name: str
    categories: tuple[str, ...] = ()
    decimals: int | None = None
    mean: float = 0.0
    scale: float = 1.0
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Column":
        """Return the column of which JSON tells, as `asdict` writes it.

        Args:
            told: Its fields by name.

        Raises:
            TypeError: If one is unknown, or the name is missing.
        """

        return cls(**{**told, "categories": tuple(told.get("categories", ()))})

    @property
    def features(self) -> tuple[str, ...]:
        """What its features are called, in order."""

        if not self.categories:
            return (self.name,)

        return tuple(f"{self.name}={category}" for category in self.categories)
