"""Where rows stand on their way up, and the best that each has seen."""

from typing import NamedTuple

import torch
from torch import Tensor

from diffeo.objectives import Point
from diffeo.search.problem import Base, rows_of
from diffeo.shapes import Data, Flags, Indices, Latent, Memory, Outputs, Scores

__all__ = ["Summit", "Trail", "Walk", "set_out", "where"]


class Summit(NamedTuple):
    """The best point that each row has seen, and what was seen there.

    `row` is the row's number in its batch. `behind` is where the row stood one step
    before it arrived. A row is `done` when it has arrived or `failed`.
    """

    row: Indices
    latent: Latent
    data: Data
    outputs: Outputs
    margin: Scores
    steps: Indices
    behind: Latent
    behind_margin: Scores
    done: Flags
    failed: Flags

    def rows(self, index: Tensor) -> "Summit":
        """Return some of the rows."""

        return Summit(*(value[index] for value in self))

    def put(self, index: Indices, rows: "Summit") -> "Summit":
        """Return these rows with those at some places exchanged."""

        return Summit(
            *(
                old.index_copy(0, index, new)
                for old, new in zip(self, rows, strict=True)
            )
        )

    def improve(self, better: Flags, point: Point, margin: Scores) -> "Summit":
        """Return these rows with some of them at another point.

        Args:
            better: Which rows.
            point: What is seen there.
            margin: How far past the target that is.
        """

        return self._replace(
            latent=where(better, point.latent.detach(), self.latent),
            data=where(better, point.data.detach(), self.data),
            outputs=where(better, point.outputs.detach(), self.outputs),
            margin=where(better, margin, self.margin),
        )


class Walk(NamedTuple):
    """Rows that are still on their way; `gone` are those that have left."""

    base: Base
    z: Latent
    margin: Scores
    memory: Memory
    summit: Summit
    gone: tuple[Summit, ...] = ()

    @property
    def whole(self) -> Summit:
        """The best of all rows, also those that have left, in the batch's order."""

        parts = zip(*(*self.gone, self.summit), strict=True)
        summit = Summit(*(torch.cat(values) for values in parts))

        return summit.rows(summit.row.argsort())

    def part(self) -> "Walk":
        """Return the rows that are not done; the others leave."""

        done = self.summit.done
        finished = self.summit.rows(done.nonzero()[:, 0])
        walk = self.rows((~done).nonzero()[:, 0])

        return walk._replace(gone=(*self.gone, finished))

    def rows(self, index: Tensor) -> "Walk":
        """Return some of the rows."""

        return Walk(
            self.base.rows(index),
            self.z[index],
            self.margin[index],
            rows_of(self.memory, index),
            self.summit.rows(index),
            self.gone,
        )


class Trail:
    """The coordinates and margins of all rows of a batch, step by step.

    Args:
        z: Where the rows start.
    """

    def __init__(self, z: Latent) -> None:
        self.z = z
        self.margin = z.new_full((len(z),), -torch.inf)
        self.points: list[Latent] = []
        self.margins: list[Scores] = []

    def add(self, walk: Walk) -> None:
        """Note where the rows stand that are on their way; the others repeat."""

        self.z = self.z.index_copy(0, walk.summit.row, walk.z.detach())
        self.margin = self.margin.index_copy(0, walk.summit.row, walk.margin)
        self.points.append(self.z)
        self.margins.append(self.margin)

    def until(self, summit: Summit) -> tuple[Tensor, Tensor]:
        """Return path and margins, from its last step on at the point returned.

        Args:
            summit: Where each row of the batch ended.
        """

        path, margins = torch.stack(self.points, 1), torch.stack(self.margins, 1)
        number = torch.arange(path.shape[1], device=path.device)
        ended = (number >= summit.steps[:, None]) & (summit.margin >= 0)[:, None]

        return (
            where(ended, summit.latent[:, None].expand_as(path), path),
            where(ended, summit.margin[:, None].expand_as(margins), margins),
        )


def set_out(base: Base, z: Latent, memory: Memory) -> Walk:
    """Return rows at their start, with nothing seen yet.

    Args:
        base: The rows.
        z: Where they start.
        memory: What the ascent remembers there.
    """

    rows = len(z)
    nothing = z.new_full((rows,), -torch.inf)
    no = torch.zeros(rows, dtype=torch.bool, device=z.device)
    summit = Summit(
        row=torch.arange(rows, device=z.device),
        latent=z,
        data=base.reconstruction,
        outputs=base.outputs,
        margin=nothing,
        steps=torch.zeros(rows, dtype=torch.long, device=z.device),
        behind=z,
        behind_margin=nothing,
        done=no,
        failed=no,
    )

    return Walk(base, z, nothing, memory, summit)


def where(rows: Flags | Tensor, value: Tensor, other: Tensor) -> Tensor:
    """Return each row from the first tensor where flagged, else from the other."""

    return torch.where(
        rows.reshape(*rows.shape, *(1,) * (value.ndim - rows.ndim)), value, other
    )
