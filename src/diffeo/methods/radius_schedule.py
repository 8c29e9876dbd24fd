"""Shells around a point: where to sample next, given the nearest find so far."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from diffeo.shapes import Flags, Memory, Scores

__all__ = ["GrowingShells", "Shell", "Shells", "ShrinkingShells", "sample"]


class Shell(NamedTuple):
    """Distances between which to sample.

    Args:
        inner: The least, for each row.
        outer: The greatest.
        going: Whether the row wants any samples.
    """

    inner: Scores
    outer: Scores
    going: Flags


@runtime_checkable
class Shells(Protocol):
    """A rule for the next shell, row by row."""

    def start(self, like: Scores) -> Memory:
        """Return what must be remembered of each row; `like` has a row for each."""

    def shell(self, memory: Memory) -> Shell:
        """Return where to sample."""

    def advance(self, nearest: Scores, memory: Memory) -> Memory:
        """Return what is remembered after a shell.

        Args:
            nearest: Distance of the nearest find in the shell, infinite where none.
            memory: What was remembered before.
        """


@dataclass(frozen=True)
class GrowingShells:
    """Look in shells of one width, from the inside out, until something is found.

    Source: Zhao, Dua and Singh, 2018, Generating natural adversarial examples,
    Algorithm 1, "iterative stochastic search".

    Args:
        width: Of a shell.
    """

    width: float = 1.0

    def __post_init__(self) -> None:
        _check_positive("width", self.width)

    def start(self, like: Scores) -> Memory:
        """Remember the inner radius, and that nothing is found."""

        return torch.zeros_like(like), torch.ones_like(like, dtype=torch.bool)

    def shell(self, memory: Memory) -> Shell:
        """Return the shell of this turn."""

        inner, going = memory

        return Shell(inner, inner + self.width, going)

    def advance(self, nearest: Scores, memory: Memory) -> Memory:
        """Go outwards, or end."""

        inner, going = memory

        return inner + self.width, going & ~nearest.isfinite()


@dataclass(frozen=True)
class ShrinkingShells:
    """Halve a ball down to the nearest find, then look in shells from there inwards.

    While the shell is wider than `width`: after a find, look from half its distance to
    its distance; after none, in the outer half. Then look just inside the nearest find
    until so many shells in a row were empty.

    Source: Zhao, Dua and Singh, 2018, Generating natural adversarial examples,
    Algorithm 2, "hybrid shrinking search".

    Args:
        radius: Of the first ball.
        width: Of the shells inwards.
        patience: Empty shells in a row that end the search.
    """

    radius: float = 30.0
    width: float = 1.0
    patience: int = 3

    def __post_init__(self) -> None:
        _check_positive("radius", self.radius)
        _check_positive("width", self.width)
        _check_positive("patience", float(self.patience))

    def start(self, like: Scores) -> Memory:
        """Remember the shell, how many in a row were empty, and that it is wide."""

        return (
            torch.zeros_like(like),
            torch.full_like(like, self.radius),
            torch.zeros_like(like),
            torch.full_like(like, self.radius >= self.width, dtype=torch.bool),
        )

    def shell(self, memory: Memory) -> Shell:
        """Return the shell of this turn."""

        inner, outer, empty, _ = memory

        return Shell(inner, outer, (empty < self.patience) & (outer > 0))

    def advance(self, nearest: Scores, memory: Memory) -> Memory:
        """Shrink."""

        inner, outer, empty, wide = memory
        found = nearest.isfinite()
        outer = torch.where(found, nearest, outer)
        halved = torch.where(found, outer / 2, (inner + outer) / 2)
        still_wide = wide & (outer - halved >= self.width)
        inner = torch.where(still_wide, halved, (outer - self.width).clamp_min(0))
        empty = torch.where(found | wide, torch.zeros_like(empty), empty + 1)

        return inner, outer, empty, still_wide


def sample(shell: Shell, directions: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """Return steps into a shell and their lengths.

    Args:
        shell: Where.
        directions: Normal draws, shape (samples, latent), the same for all rows.
        shares: Draws from [0, 1), shape (samples,).

    Returns:
        Steps of shape (batch, samples, latent), lengths of shape (batch, samples).
    """

    unit = directions / torch.linalg.vector_norm(directions, dim=1, keepdim=True)
    length = shell.inner[:, None] + (shell.outer - shell.inner)[:, None] * shares

    return length[..., None] * unit, length


def _check_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be above 0, got {value}")
