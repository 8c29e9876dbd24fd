"""What is climbed, and what is known of each row before it climbs."""

from typing import NamedTuple

from torch import Tensor

from diffeo.ascents import Ascent
from diffeo.coordinates.protocol import Coordinates
from diffeo.objectives import Objective, Point
from diffeo.shapes import Data, Latent, Memory, Model, Outputs, Scores

__all__ = ["Base", "Hill", "rows_of"]


class Base(NamedTuple):
    """What is known of each row before it climbs."""

    factual: Data
    origin: Latent
    reconstruction: Data
    outputs: Outputs
    memory: Memory

    def rows(self, index: Tensor | slice) -> "Base":
        """Return some of the rows."""

        return Base(
            self.factual[index],
            self.origin[index],
            self.reconstruction[index],
            self.outputs[index],
            rows_of(self.memory, index),
        )


class Hill(NamedTuple):
    """What is climbed, where and how."""

    model: Model
    objective: Objective
    coordinates: Coordinates
    ascent: Ascent

    def look(self, z: Latent, base: Base) -> Point:
        """Return what there is to see at some coordinates."""

        data = self.coordinates.decode(z)

        return Point(data, z, self.model(data), base.factual, base.origin)

    def score(self, point: Point, base: Base) -> Scores:
        """Return what is climbed."""

        return self.objective.score(point, base.memory)

    def margin(self, point: Point, base: Base) -> Scores:
        """Return how far past its target each row is, with no gradient."""

        return self.objective.margin(point, base.memory).detach()


def rows_of(memory: Memory, index: Tensor | slice) -> Memory:
    """Return some rows of what is remembered."""

    return tuple(value[index] for value in memory)
