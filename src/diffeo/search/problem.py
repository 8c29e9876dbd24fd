"""What is searched, and what is known of each row before the first step."""

from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.answers import ask
from diffeo.ascents import Ascent
from diffeo.coordinates.protocol import Coordinates, decode_with, start_memory
from diffeo.counterfactuals import Typicality
from diffeo.objectives.protocol import Objective, Point, side_of
from diffeo.search.checks import check_reconstruction
from diffeo.shapes import (
    Data,
    Flags,
    Indices,
    Latent,
    Memory,
    Model,
    Outputs,
    Scores,
)

Record = TypeVar("Record", bound=Tensor | tuple[Any, ...])

__all__ = ["AIM", "Problem", "Rows", "select", "where"]

AIM = 5.0  # tolerances past the target at which steps aim, and rows stop at most


class Rows(NamedTuple):
    """What is known of each row before the first step.

    Args:
        factual: The data that are explained.
        origin: The coordinates of the factual.
        reconstruction: The data that the origin decodes to.
        outputs: The model's outputs for the factual.
        typical: A `Typicality` of the factual.
        margin: How far past the target the factual itself is.
        tolerance: The margin that is enough to spare.
        memory: What the objective remembers.
        kept: What the coordinates remember.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> problem = Problem(lambda x: x.sum(1), *parts)
        >>> z = torch.zeros(1, 2)
        >>> problem.begin(z, z, typical=None).margin
        tensor([-1.])
    """

    factual: Data
    origin: Latent
    reconstruction: Data
    outputs: Outputs
    typical: Indices
    margin: Scores
    tolerance: Scores
    memory: Memory
    kept: Memory


class Problem(NamedTuple):
    """What is searched: an objective of a model, in coordinates, by an ascent.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> problem = Problem(lambda x: x.sum(1), *parts)
        >>> z = torch.zeros(1, 2)
        >>> rows = problem.begin(z, z, typical=None)
        >>> problem.margin(problem.evaluate(z + 1, rows), rows)
        tensor([1.])
    """

    model: Model
    objective: Objective
    coordinates: Coordinates
    ascent: Ascent

    def begin(self, factual: Data, origin: Latent, typical: Flags | None) -> Rows:
        """Return what is known of rows before the first step.

        Args:
            factual: The data that are explained.
            origin: Their coordinates.
            typical: Whether the data are typical of what the coordinates know, if that
                is known.
        """

        outputs = ask(self.model, factual, "the model").to(factual.dtype)
        reconstruction = ask(self.coordinates.decode, origin, "coordinates.decode")
        check_reconstruction(reconstruction, factual)
        kept = start_memory(self.coordinates, factual, origin)
        at = partial(self.look, factual, origin, kept)
        start = Point(factual, origin, outputs, factual, origin, at)
        memory = self.objective.start(start)
        margin = self.objective.margin(start, memory)
        unknown = torch.full_like(margin, Typicality.UNKNOWN).long()

        return Rows(
            factual=factual,
            origin=origin,
            reconstruction=reconstruction,
            outputs=outputs,
            typical=unknown if typical is None else typical.long(),
            margin=margin,
            tolerance=self.objective.tolerance(start, memory),
            memory=memory,
            kept=kept,
        )

    def evaluate(self, z: Latent, rows: Rows) -> Point:
        """Return the point at some coordinates."""

        return self.look(rows.factual, rows.origin, rows.kept, z)

    def look(
        self,
        factual: Data,
        origin: Latent,
        kept: Memory,
        z: Float[Tensor, "many latent"],
    ) -> Point:
        """Return the point at coordinates of rows, or of the rows several times over.

        The model gets a copy of the data, so that it may work in place.

        Args:
            factual: The data that are explained.
            origin: Their coordinates.
            kept: What the coordinates remember of them.
            z: Where to decode, shape (times · batch, latent), all rows one time after
                the other.
        """

        if len(z) > len(origin):
            times = len(z) // len(origin)
            factual, origin = torch.cat([factual] * times), torch.cat([origin] * times)
            kept = tuple(torch.cat([value] * times) for value in kept)

        data = decode_with(self.coordinates, z, kept)
        outputs = self.model(data.clone()).to(data.dtype)
        at = partial(self.look, factual, origin, kept)

        return Point(data, z, outputs, factual, origin, at)

    def score(self, point: Point, rows: Rows) -> Scores:
        """Return what is ascended."""

        return self.objective.score(point, rows.memory)

    def margin(self, point: Point, rows: Rows) -> Scores:
        """Return how far past its target each row is, without a gradient."""

        return self.objective.margin(point, rows.memory).detach()

    def gap(self, point: Point, rows: Rows, margin: Scores) -> Scores | None:
        """Return the margin that is missing, signed by the side of the target.

        Returns:
            None if the target has but one side.
        """

        side = side_of(self.objective, point, rows.memory)

        return None if side is None else side.detach() * (rows.tolerance - margin)


def select(record: Record, index: Tensor) -> Record:
    """Return some rows of a tensor, or of all tensors in a tuple of such records.

    Args:
        record: A tensor with the rows first, or a tuple, named or not, of records.
        index: Which rows.

    Example:
        >>> select((torch.tensor([1, 2, 3]), ()), torch.tensor([2, 0]))
        (tensor([3, 1]), ())
    """

    if isinstance(record, Tensor):
        return cast("Record", record[index])

    kind: Any = type(record)
    parts = [select(part, index) for part in record]

    return cast("Record", kind(parts) if kind is tuple else kind(*parts))


def where(rows: Flags, record: Record, other: Record) -> Record:
    """Return each row from the first record where flagged, else from the other.

    Args:
        rows: A flag for each row.
        record: A tensor with the rows first, or a tuple, named or not, of records.
        other: A record of the same kind.

    Example:
        >>> flags = torch.tensor([True, False])
        >>> where(flags, (torch.ones(2, 1),), (torch.zeros(2, 1),))
        (tensor([[1.],
                [0.]]),)
    """

    if isinstance(record, Tensor):
        flags = rows.reshape(-1, *(1,) * (record.ndim - 1))

        return cast("Record", torch.where(flags, record, cast("Tensor", other)))

    kind: Any = type(record)
    parts = [where(rows, *pair) for pair in zip(record, other, strict=True)]

    return cast("Record", kind(parts) if kind is tuple else kind(*parts))
