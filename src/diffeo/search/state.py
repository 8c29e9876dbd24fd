"""Where rows stand, the best point that each has seen, and the path to it."""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from diffeo.counterfactuals import SearchPath
from diffeo.objectives import Point
from diffeo.search.bracket import Bracket
from diffeo.search.problem import Rows, select, where
from diffeo.shapes import Data, Flags, Indices, Latent, Memory, Outputs, Scores

__all__ = ["LEFT_OUT", "Best", "PathRecorder", "State"]

LEFT_OUT = -1  # the number of a row whose point is on no path


class Best(NamedTuple):
    """The best point that each row has seen.

    Args:
        row: The number of the row in its batch.
        latent: The coordinates of the point.
        data: The decoded data.
        outputs: The model's outputs for the data.
        margin: How far past its target the row is at the point.
        steps: After how many steps it was there.
        previous: Where the row stood one step before it stopped.
        previous_margin: How far past its target the row was there.
        waited: Evaluations at the target, but without the tolerance to spare.
        done: Whether the row has stopped.
        failed: Whether it stopped for values that are not finite.
        stalled: Whether it stopped because its margin no longer grew.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> from diffeo.search.problem import Problem
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> z = torch.zeros(2, 2)
        >>> rows = Problem(lambda x: x.sum(1), *parts).begin(z, z, typical=None)
        >>> best = State.begin(rows, z, ()).best
        >>> point = Point(z, z, torch.tensor([2.0, 0.0]), z, z)
        >>> best.improve(torch.tensor([True, False]), point, point.outputs - 1).margin
        tensor([1., -inf])
    """

    row: Indices
    latent: Latent
    data: Data
    outputs: Outputs
    margin: Scores
    steps: Indices
    previous: Latent
    previous_margin: Scores
    waited: Indices
    done: Flags
    failed: Flags
    stalled: Flags

    def replace(self, index: Indices, rows: "Best") -> "Best":
        """Return all rows with those at some places exchanged."""

        return Best(
            *(
                old.index_copy(0, index, new)
                for old, new in zip(self, rows, strict=True)
            )
        )

    def choose(self, better: Flags, later: "Best") -> "Best":
        """Return how a later search of all rows ended, some of them with its points.

        Args:
            better: Which rows have the later points.
            later: How the later search ended.
        """

        return where(better, later, self)._replace(
            done=later.done, failed=later.failed, stalled=later.stalled
        )

    def improve(self, better: Flags, point: Point, margin: Scores) -> "Best":
        """Return all rows with some of them at another point.

        Args:
            better: Which rows are at the other point.
            point: The other point.
            margin: How far past the target the rows are there.
        """

        return self._replace(
            latent=where(better, point.latent.detach(), self.latent),
            data=where(better, point.data.detach(), self.data),
            outputs=where(better, point.outputs.detach(), self.outputs),
            margin=where(better, margin, self.margin),
        )


class State(NamedTuple):
    """Where the rows stand that are still in the batch.

    Args:
        rows: What is known of them.
        z: Their coordinates.
        margin: How far past their targets they are.
        memory: What the ascent remembers.
        bracket: What is known of the other side of their targets.
        best: Their best points.
        finished: The best points of rows that have left the batch.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> from diffeo.search.problem import Problem
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> z = torch.zeros(2, 2)
        >>> rows = Problem(lambda x: x.sum(1), *parts).begin(z, z, typical=None)
        >>> State.begin(rows, z, ()).whole.row
        tensor([0, 1])
    """

    rows: Rows
    z: Latent
    margin: Scores
    memory: Memory
    bracket: Bracket
    best: Best
    finished: tuple[Best, ...] = ()

    @classmethod
    def begin(cls, rows: Rows, z: Latent, memory: Memory) -> "State":
        """Return rows that have taken no step and seen no point.

        Args:
            rows: What is known of them.
            z: Where they start.
            memory: What the ascent remembers there.
        """

        number = torch.arange(len(z), device=z.device)
        none, no = torch.zeros_like(number), torch.zeros_like(number, dtype=torch.bool)
        unseen = torch.full_like(rows.margin, -torch.inf)
        zero = torch.zeros_like(rows.margin)
        best = Best(
            row=number,
            latent=z,
            data=rows.reconstruction,
            outputs=rows.outputs,
            margin=unseen,
            steps=none,
            previous=z,
            previous_margin=unseen,
            waited=none,
            done=no,
            failed=no,
            stalled=no,
        )

        return cls(rows, z, unseen, memory, Bracket(z, zero, zero), best)

    @property
    def whole(self) -> Best:
        """The best points of all rows, also those that left, in the batch's order."""

        parts = zip(*(*self.finished, self.best), strict=True)
        best = Best(*(torch.cat(values) for values in parts))

        return select(best, best.row.argsort())

    def without_done(self) -> "State":
        """Return the rows that are not done; the others are finished."""

        done = self.best.done
        finished = select(self.best, done.nonzero()[:, 0])
        going = select(self._replace(finished=()), (~done).nonzero()[:, 0])

        return going._replace(finished=(*self.finished, finished))


@dataclass
class PathRecorder:
    """The coordinates and margins of a batch at each step, of rows not done only.

    Args:
        rows: The number of each recorded row, by step; `LEFT_OUT` if it does not count.
        steps: After how many steps it was recorded.
        latent: Its coordinates.
        margin: Its margin.

    Example:
        >>> recorder = PathRecorder()
        >>> len(recorder.rows)
        0
    """

    rows: list[Indices] = field(default_factory=list)
    steps: list[Indices] = field(default_factory=list)
    latent: list[Latent] = field(default_factory=list)
    margin: list[Scores] = field(default_factory=list)

    def add(self, step: int, state: State, going: Flags) -> None:
        """Record where some rows stand.

        Args:
            step: After how many steps.
            state: Where all rows of the batch stand.
            going: Which rows to record.
        """

        row = state.best.row[going]
        self.rows.append(row)
        self.steps.append(torch.full_like(row, step))
        self.latent.append(state.z.detach()[going])
        self.margin.append(state.margin[going])

    def replace(self, other: "PathRecorder", row: Indices, began: Indices) -> None:
        """Exchange the paths of some rows for those that a later search recorded.

        Args:
            other: What the later search recorded, of some rows.
            row: The number here of each of these rows; −1 where the path here stays.
            began: After how many steps each of them began.
        """

        for known in self.rows:
            known[torch.isin(known, row)] = LEFT_OUT

        numbers = other.rows
        self.rows += [row[number] for number in numbers]
        self.steps += [
            steps + began[number]
            for steps, number in zip(other.steps, numbers, strict=True)
        ]
        self.latent += other.latent
        self.margin += other.margin

    def paths(self, best: Best) -> tuple[SearchPath, ...]:
        """Return the path of each row up to the point that is returned.

        Args:
            best: The points returned, one for each row of the batch.
        """

        number = torch.arange(len(best.row), device=best.row.device)
        row = torch.cat((*self.rows, number))
        steps = torch.cat((*self.steps, best.steps))
        latent = torch.cat((*self.latent, best.latent))
        margin = torch.cat((*self.margin, best.margin))
        kept = (row != LEFT_OUT) & (steps < best.steps[row])
        kept[-len(number) :] = True
        order = row.masked_fill(~kept, len(number)).argsort(stable=True)
        points = row[kept].bincount(minlength=len(number)).tolist()
        parts = [
            value[order[: sum(points)]].split(points)
            for value in (steps, latent, margin)
        ]

        return tuple(SearchPath(*path) for path in zip(*parts, strict=True))
