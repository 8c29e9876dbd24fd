"""Rows that are sampled around, shell after shell."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor

from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, Outcome, SearchPath
from diffeo.methods.shells import Shell, Shells, sample
from diffeo.objectives import Objective, Point
from diffeo.progress import Bar
from diffeo.search import Run
from diffeo.shapes import Flags, Latent, Memory, Model, Scores

__all__ = ["Around", "Hunt"]


class Around(NamedTuple):
    """What is looked at.

    Args:
        model: Under explanation.
        objective: When a sample is at the target.
        coordinates: Where to sample.
        batch_size: Samples looked at together.
    """

    model: Model
    objective: Objective
    coordinates: Coordinates
    batch_size: int


@dataclass
class Hunt:
    """Rows with the best that each has seen: itself, then samples.

    Args:
        around: What is looked at.
        best: The rows' record, before the first sample that of themselves.
        shells: Where to sample.
        run: Reserve, seed, and whether to keep the path.
    """

    around: Around
    best: Counterfactuals
    shells: Shells
    run: Run
    interrupted: bool = field(init=False, default=False)
    known: Memory = field(init=False)
    memory: Memory = field(init=False)
    distance: Scores = field(init=False)
    path: list[Latent] = field(default_factory=list)
    path_margin: list[Scores] = field(default_factory=list)

    def __post_init__(self) -> None:
        best = self.best
        start = Point(
            best.factual, best.origin, best.outputs_before, best.factual, best.origin
        )
        there = best.reached
        self.known = self.around.objective.start(start)
        self.memory = self.shells.start(best.margin)
        self.distance = torch.full_like(best.margin, torch.inf).masked_fill(there, 0)
        self.interrupted = not bool(best.finished.all())
        self.best = best.map(lambda value: value.clone())

    @property
    def going(self) -> Flags:
        """Which rows want more samples."""

        return self.shells.shell(self.memory).going & (self.distance > 0)

    @torch.no_grad()
    def run_all(self, samples: int, turns: int, bar: Bar) -> None:
        """Sample until the turns are used up, or no row wants any, or interrupted.

        Args:
            samples: In each shell.
            turns: Most shells of a row.
            bar: What to tell of progress.
        """

        try:
            for turn in range(0 if self.interrupted else turns):
                going = self.going
                bar.show(int((~going).sum()), int(self._there().sum()))
                self._keep_path()

                if not going.any():
                    break

                self._turn(turn, samples, going.nonzero()[:, 0])
        except KeyboardInterrupt:
            self.interrupted = True

        self._keep_path()
        bar.close_batch(len(self.best), int(self._there().sum()))

    def record(self, seconds: float) -> Counterfactuals:
        """Return what was found.

        Args:
            seconds: Spent on all rows.
        """

        best, there = self.best, self._there()
        outcome = torch.full_like(best.outcome, Outcome.EXHAUSTED)
        outcome[self.going & self.interrupted] = Outcome.INTERRUPTED
        outcome[there] = Outcome.REACHED
        outcome[there & (best.steps == 0)] = Outcome.ALREADY
        return replace(
            best,
            outcome=outcome,
            seconds=torch.full_like(best.seconds, seconds / len(best)),
            paths=self._paths(),
        )

    def _there(self) -> Flags:
        return self.best.margin >= 0

    def _turn(self, turn: int, samples: int, rows: Tensor) -> None:
        """Sample one shell of each row, with the same directions for all."""

        latent = self.best.latent
        generator = torch.Generator().manual_seed(self.run.seed * 1_000_003 + turn)
        directions = torch.randn(samples, latent.shape[1], generator=generator)
        shares = torch.rand(samples, generator=generator)
        shell = self.shells.shell(self.memory)
        nearest = torch.full_like(self.distance, torch.inf)

        for some in rows.split(max(1, self.around.batch_size // samples)):
            steps, length = sample(
                Shell(*(value[some] for value in shell)),
                directions.to(latent),
                shares.to(latent),
            )
            nearest[some] = self._look(some, steps, length, turn * samples)

        after = self.shells.advance(
            nearest[rows], tuple(value[rows] for value in self.memory)
        )

        for held, value in zip(self.memory, after, strict=True):
            held[rows] = value

    def _look(self, rows: Tensor, steps: Tensor, length: Tensor, before: int) -> Tensor:
        """Look at samples of some rows, keep the best, return the nearest finds."""

        count = length.shape[1]
        point, margin = self._judge(rows.repeat_interleave(count), steps.flatten(0, 1))
        margin = margin.nan_to_num(-torch.inf).reshape_as(length)
        nearest, which = length.where(margin >= self.run.reserve, torch.inf).min(1)
        found = nearest.isfinite()
        which = torch.where(found, which, margin.argmax(1))
        seen = margin.gather(1, which[:, None])[:, 0]
        ahead = self.distance[rows].isinf() & (seen > self.best.margin[rows])
        better = torch.where(found, nearest < self.distance[rows], ahead)
        kept = rows[better]
        index = (torch.arange(len(rows), device=rows.device) * count + which)[better]

        self.best.counterfactual[kept] = point.data[index]
        self.best.latent[kept] = point.latent[index]
        self.best.outputs_after[kept] = point.outputs[index]
        self.best.margin[kept] = seen[better]
        self.best.steps[kept] = before + which[better] + 1
        self.distance[kept] = nearest[better]

        return nearest

    def _judge(self, rows: Tensor, steps: Latent) -> tuple[Point, Tensor]:
        """Return what there is to see at steps from the origins, and its margin."""

        best, around = self.best, self.around
        origin = best.origin[rows]
        data = around.coordinates.decode(origin + steps)
        point = Point(
            data, origin + steps, around.model(data), best.factual[rows], origin
        )
        known = tuple(value[rows] for value in self.known)

        return point, around.objective.margin(point, known)

    def _paths(self) -> tuple[SearchPath, ...]:
        if not self.path:
            return ()

        latent = torch.stack(self.path, dim=1)
        margin = torch.stack(self.path_margin, dim=1)
        turns = torch.arange(latent.shape[1])

        return tuple(
            SearchPath(turns, *path) for path in zip(latent, margin, strict=True)
        )

    def _keep_path(self) -> None:
        if self.run.path:
            self.path.append(self.best.latent.clone())
            self.path_margin.append(self.best.margin.clone())
