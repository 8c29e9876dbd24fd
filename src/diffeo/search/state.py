"""Where rows stand, the best point that each has seen, and the path to it."""

from typing import NamedTuple

import torch

from diffeo.counterfactuals import SearchPath
from diffeo.objectives import Point
from diffeo.search.bracket import Bracket
from diffeo.search.problem import Rows, select, where
from diffeo.shapes import Data, Flags, Indices, Latent, Memory, Outputs, Scores

__all__ = ["Best", "PathRecorder", "State", "Trial"]


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
        began: After how many steps the try began that found the point.
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
    began: Indices
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


class Trial(NamedTuple):
    """How the present try of each row has gone.

    Args:
        margin: The best margin in this try.
        gained: After how many steps of the search it was there.
        began: After how many steps of the search the try began.
        number: How many tries there were before.

    Example:
        >>> none = torch.zeros(2, dtype=torch.long)
        >>> trial = Trial(torch.tensor([-2.0, -2.0]), none, none, none)
        >>> trial.update(torch.tensor([-1.0, -3.0]), none == 0, step=1).gained
        tensor([1, 0])
    """

    margin: Scores
    gained: Indices
    began: Indices
    number: Indices

    def update(self, margin: Scores, finite: Flags, step: int) -> "Trial":
        """Return the tries after an evaluation.

        Args:
            margin: How far past the target each row is.
            finite: Whether the row is to be counted.
            step: After how many steps of the search.
        """

        better = finite & (margin > self.margin)

        return self._replace(
            margin=torch.where(better, margin, self.margin),
            gained=self.gained.masked_fill(better, step),
        )

    def next(self, again: Flags, step: int) -> "Trial":
        """Return the tries with the next begun in some rows.

        Args:
            again: Which rows start again.
            step: After how many steps of the search.
        """

        return Trial(
            margin=self.margin.masked_fill(again, -torch.inf),
            gained=self.gained.masked_fill(again, step),
            began=self.began.masked_fill(again, step),
            number=self.number + again,
        )


class State(NamedTuple):
    """Where the rows stand that are still in the batch.

    Args:
        rows: What is known of them.
        z: Their coordinates.
        margin: How far past their targets they are.
        memory: What the ascent remembers.
        bracket: What is known of the other side of their targets.
        trial: How their present tries have gone.
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
    trial: Trial
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
            began=none,
            done=no,
            failed=no,
            stalled=no,
        )

        trial = Trial(unseen, none, none, none)

        return cls(rows, z, unseen, memory, Bracket(z, zero, zero), trial, best)

    @property
    def whole(self) -> Best:
        """The best points of all rows, also those that left, in the batch's order."""

        parts = zip(*(*self.finished, self.best), strict=True)
        best = Best(*(torch.cat(values) for values in parts))

        return select(best, best.row.argsort())

    def again(self, again: Flags, z: Latent, memory: Memory, step: int) -> "State":
        """Return the rows with the next try begun in some of them.

        Args:
            again: Which rows start again.
            z: Where.
            memory: What the ascent remembers there.
            step: After how many steps of the search.
        """

        best, bracket = self.best, self.bracket

        return self._replace(
            z=where(again, z, self.z),
            memory=tuple(
                where(again, new, old)
                for new, old in zip(memory, self.memory, strict=True)
            ),
            bracket=bracket._replace(
                far_gap=bracket.far_gap.masked_fill(again, 0),
                gap=bracket.gap.masked_fill(again, 0),
            ),
            trial=self.trial.next(again, step),
            best=best._replace(previous=where(again, z, best.previous)),
        )

    def without_done(self) -> "State":
        """Return the rows that are not done; the others are finished."""

        done = self.best.done
        finished = select(self.best, done.nonzero()[:, 0])
        going = select(self._replace(finished=()), (~done).nonzero()[:, 0])

        return going._replace(finished=(*self.finished, finished))


class PathRecorder:
    """The coordinates and margins of a batch at each step, of rows not done only.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> from diffeo.search.problem import Problem
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> z = torch.zeros(2, 2)
        >>> rows = Problem(lambda x: x.sum(1), *parts).begin(z, z, typical=None)
        >>> state, recorder = State.begin(rows, z, ()), PathRecorder()
        >>> recorder.add(0, state, ~state.best.done)
        >>> [len(path.steps) for path in recorder.paths(state.best)]
        [1, 1]
    """

    def __init__(self) -> None:
        self._steps: list[Indices] = []
        self._rows: list[Indices] = []
        self._latent: list[Latent] = []
        self._margin: list[Scores] = []

    def add(self, step: int, state: State, going: Flags) -> None:
        """Record where some rows stand.

        Args:
            step: After how many steps.
            state: Where all rows of the batch stand.
            going: Which rows to record.
        """

        row = state.best.row[going]
        self._rows.append(row)
        self._steps.append(torch.full_like(row, step))
        self._latent.append(state.z.detach()[going])
        self._margin.append(state.margin[going])

    def paths(self, best: Best) -> tuple[SearchPath, ...]:
        """Return the path of each row up to the point that is returned.

        Args:
            best: The points returned, one for each row of the batch.
        """

        number = torch.arange(len(best.row), device=best.row.device)
        row = torch.cat((*self._rows, number))
        steps = torch.cat((*self._steps, best.steps))
        latent = torch.cat((*self._latent, best.latent))
        margin = torch.cat((*self._margin, best.margin))
        kept = (best.began[row] <= steps) & (steps < best.steps[row])
        kept[-len(number) :] = True
        order = row.masked_fill(~kept, len(number)).argsort(stable=True)
        points = row[kept].bincount(minlength=len(number)).tolist()
        parts = [
            value[order[: sum(points)]].split(points)
            for value in (steps, latent, margin)
        ]

        return tuple(SearchPath(*path) for path in zip(*parts, strict=True))
