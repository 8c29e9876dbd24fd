"""What every objective offers, and all that it may look at."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from diffeo.shapes import Data, Latent, Memory, Outputs, Scores

__all__ = ["Objective", "Point"]


@dataclass(frozen=True)
class Point:
    """All that an objective may look at.

    Args:
        data: Where the search stands, as data.
        latent: Where it stands, in coordinates.
        outputs: What the model answers there.
        factual: The data that are explained.
        origin: Their coordinates.
    """

    data: Data
    latent: Latent
    outputs: Outputs
    factual: Data
    origin: Latent


@runtime_checkable
class Objective(Protocol):
    """A score to climb and a margin that says how far past the target a row is."""

    def start(self, point: Point) -> Memory:
        """Return what must be remembered of each row, given the factuals as `data`."""

    def score(self, point: Point, memory: Memory) -> Scores:
        """Return what the search climbs."""

    def margin(self, point: Point, memory: Memory) -> Scores:
        """Return how far past the target each row is: at the target from 0 on."""

    def aim(self, point: Point, memory: Memory) -> Scores:
        """Return the class or value that each row aims at."""
