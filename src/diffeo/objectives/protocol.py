"""What every objective offers, and all that it may look at."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

from diffeo.shapes import Data, Latent, Memory, Outputs, Scores

__all__ = [
    "Objective",
    "PerRow",
    "Point",
    "TwoSided",
    "check_rows",
    "rows_of",
    "side_of",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Point:
    """All that an objective may look at.

    Args:
        data: The decoded data where the search stands.
        latent: The coordinates where it stands.
        outputs: The model's outputs for `data`.
        factual: The data that are explained.
        origin: The coordinates of `factual`.
        at: From other coordinates of the same rows to the point there, differentiable.
            They may be of shape (times · batch, latent), all rows one time after the
            other. None where nobody can decode.

    Example:
        >>> import torch
        >>> x = torch.zeros(3, 2)
        >>> Point(x, x, x.sum(1), x, x).outputs
        tensor([0., 0., 0.])
    """

    data: Data
    latent: Latent
    outputs: Outputs
    factual: Data
    origin: Latent
    at: Callable[[Latent], "Point"] | None = field(default=None, repr=False)
    _known: dict[Hashable, Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what is computed at this point, once however often it is asked for.

        A score and a margin that need the same answers share them in this way.

        Args:
            key: What the result depends on besides the point.
            compute: Called if nothing is known by that key.

        Example:
            >>> import torch
            >>> x = torch.zeros(1, 2)
            >>> point = Point(x, x, x, x, x)
            >>> point.once("sum", lambda: 3), point.once("sum", lambda: 4)
            (3, 3)
        """

        if key not in self._known:
            self._known[key] = compute()

        return cast("T", self._known[key])


@runtime_checkable
class Objective(Protocol):
    """A score to ascend, and a margin that says how far past its target a row is.

    Example:
        >>> from diffeo import TargetClass
        >>> isinstance(TargetClass(9), Objective)
        True
    """

    def start(self, point: Point) -> Memory:
        """Return what must be remembered of each row.

        Args:
            point: The factuals, with the model's outputs for them.
        """

    def score(self, point: Point, memory: Memory) -> Scores:
        """Return what the search ascends, differentiable in the point."""

    def margin(self, point: Point, memory: Memory) -> Scores:
        """Return how far past the target each row is: at the target from 0 on."""

    def tolerance(self, point: Point, memory: Memory) -> Scores:
        """Return how much margin is enough to spare for rounding.

        Rows stop between one and five tolerances past their target.

        Args:
            point: The factuals, with the model's outputs for them.
            memory: What `start` returned.
        """

    def aim(self, point: Point, memory: Memory) -> Scores:
        """Return the class or value that each row aims at."""


@runtime_checkable
class PerRow(Protocol):
    """An objective that has a setting of its own for each row.

    Example:
        >>> from diffeo import TargetClass
        >>> isinstance(TargetClass((9, 7)), PerRow)
        True
    """

    def check(self, outputs: Outputs, rows: int) -> None:
        """Refuse a search that this objective cannot be asked in, before it begins.

        Args:
            outputs: The model's outputs for the first few rows.
            rows: How many rows there are in all.

        Raises:
            ValueError: If the settings do not fit the outputs or the rows.
        """

    def rows(self, index: slice) -> Objective:
        """Return the objective of some of the rows."""


@runtime_checkable
class TwoSided(Protocol):
    """An objective whose target can be stepped across.

    Example:
        >>> from diffeo import Near
        >>> isinstance(Near(1.0, within=0.1), TwoSided)
        True
    """

    def side(self, point: Point, memory: Memory) -> Scores | None:
        """Return on which side of the target's middle each row is.

        Returns:
            Below 0 on one side and above 0 on the other; or None if there is but one.
        """


def check_rows(objective: Objective, outputs: Outputs, rows: int) -> None:
    """Refuse an objective that fits neither the outputs nor the rows; see `PerRow`.

    Args:
        objective: Any objective; one without settings for each row is never refused.
        outputs: The model's outputs for the first few rows.
        rows: How many rows there are in all.

    Example:
        >>> import torch
        >>> from diffeo import TargetClass
        >>> check_rows(TargetClass(9), torch.zeros(2, 10), rows=2)
    """

    if isinstance(objective, PerRow):
        objective.check(outputs, rows)


def rows_of(objective: Objective, index: slice) -> Objective:
    """Return the objective of some rows: itself if it is the same for all.

    Example:
        >>> from diffeo import TargetClass
        >>> rows_of(TargetClass((9, 7, 1)), slice(1, 3))
        TargetClass(target=(7, 1), confidence=0.99)
    """

    return objective.rows(index) if isinstance(objective, PerRow) else objective


def side_of(objective: Objective, point: Point, memory: Memory) -> Scores | None:
    """Return the side of each row, or None if there is but one; see `TwoSided`.

    Example:
        >>> import torch
        >>> from diffeo import Near
        >>> x = torch.tensor([[0.5], [2.0]])
        >>> side_of(Near(1.0, within=0.1), Point(x, x, x, x, x), ())
        tensor([-1.,  1.])
    """

    return objective.side(point, memory) if isinstance(objective, TwoSided) else None
