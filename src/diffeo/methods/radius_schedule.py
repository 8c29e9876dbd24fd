"""Shells around a point: where to sample next, given the nearest find so far."""

import math
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["RadiusSchedule", "Shell"]


class Shell(NamedTuple):
    """Distances between which to sample, and how the search went until now.

    Args:
        inner: Least distance.
        outer: Greatest distance.
        empty: Number of thin shells in a row in which nothing was found.
        wide: Whether the shell comes from halving a ball.

    Example:
        >>> Shell(0.0, 8.0).outer
        8.0
    """

    inner: float
    outer: float
    empty: int = 0
    wide: bool = True


@dataclass(frozen=True)
class RadiusSchedule:
    """Halve a ball down to the nearest find, then look in shells from there inwards.

    While the shell is wider than `width`: after a find, look from half its distance to
    its distance; after none, in the outer half. Then look just inside the nearest find
    until so many shells in a row were empty.

    Source: Zhao, Dua and Singh, 2018, Generating natural adversarial examples,
    Algorithm 2, "hybrid shrinking search".

    Args:
        radius: Radius of the first ball, in coordinates.
        width: Width of the shells inwards, in coordinates.
        patience: Number of empty shells in a row that end the search.

    Example:
        >>> schedule = RadiusSchedule(radius=8.0, width=1.0)
        >>> schedule.following(schedule.start(), nearest=6.0)
        Shell(inner=3.0, outer=6.0, empty=0, wide=True)
    """

    radius: float = 30.0
    width: float = 1.0
    patience: int = 3

    def __post_init__(self) -> None:
        for name in ("radius", "width", "patience"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")

    def start(self) -> Shell:
        """Return the whole ball."""

        return Shell(0.0, self.radius, wide=self.radius >= self.width)

    def ended(self, shell: Shell) -> bool:
        """Return whether there is nowhere left to look."""

        return shell.empty >= self.patience or shell.outer <= 0

    def following(self, shell: Shell, nearest: float) -> Shell:
        """Return the next shell.

        Args:
            shell: Where samples were taken.
            nearest: Distance of the nearest find among them, infinite if none.
        """

        found = math.isfinite(nearest)
        outer = nearest if found else shell.outer
        halved = outer / 2 if found else (shell.inner + outer) / 2
        wide = shell.wide and outer - halved >= self.width

        return Shell(
            inner=halved if wide else max(outer - self.width, 0.0),
            outer=outer,
            empty=0 if found or shell.wide else shell.empty + 1,
            wide=wide,
        )
