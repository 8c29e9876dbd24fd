"""One batch that is sampled around, shell after shell."""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from diffeo.climb import Base, Hill
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.methods.shells import Shell, Shells, sample
from diffeo.objectives import Point
from diffeo.progress import Bar
from diffeo.search import Run
from diffeo.shapes import Data, Flags, Indices, Latent, Memory, Outputs, Scores

__all__ = ["Hunt", "Sampling"]


class Sampling(NamedTuple):
    """Where and how much to sample.

    Args:
        shells: Where.
        samples: In each shell.
        turns: Most shells of a row.
    """

    shells: Shells
    samples: int
    turns: int


@dataclass
class Hunt:
    """One batch, with the best that each row has seen: itself, then samples.

    Args:
        hill: The model, the objective and the coordinates.
        base: The rows.
        sampling: Where and how much to sample.
        run: Batch size, reserve and seed.
        interrupted: Whether to sample nothing, since time is up.
    """

    hill: Hill
    base: Base
    sampling: Sampling
    run: Run
    interrupted: bool
    memory: Memory = field(init=False)
    data: Data = field(init=False)
    latent: Latent = field(init=False)
    outputs: Outputs = field(init=False)
    margin: Scores = field(init=False)
    distance: Scores = field(init=False)
    steps: Indices = field(init=False)
    path: list[Latent] = field(default_factory=list)
    path_margin: list[Scores] = field(default_factory=list)

    def __post_init__(self) -> None:
        with torch.no_grad():
            start = self.hill.look(self.base.origin, self.base)
            self.margin = self.hill.objective.margin(start, self.base.memory)

        self.data, self.outputs = start.data.clone(), start.outputs.clone()
        self.latent = self.base.origin.clone()
        self.distance = torch.full_like(self.margin, torch.inf)
        self.distance[self.margin >= 0] = 0
        self.steps = torch.zeros_like(self.margin, dtype=torch.long)
        self.memory = self.sampling.shells.start(self.margin)

    @property
    def going(self) -> Flags:
        """Which rows want more samples."""

        return self.sampling.shells.shell(self.memory).going & (self.distance > 0)

    @torch.no_grad()
    def run_all(self, bar: Bar) -> None:
        """Sample until the turns are used up, or no row wants any, or interrupted."""

        try:
            for turn in range(0 if self.interrupted else self.sampling.turns):
                going = self.going
                bar.show(int((~going).sum()), int((self.margin >= 0).sum()))
                self._keep_path()

                if not going.any():
                    break

                self._turn(turn, going.nonzero()[:, 0])
        except KeyboardInterrupt:
            self.interrupted = True

        self._keep_path()
        bar.close_batch(len(self.margin), int((self.margin >= 0).sum()))

    def record(self, seconds: float, settings: dict[str, str]) -> Counterfactuals:
        """Return what was found.

        Args:
            seconds: Spent on the whole batch.
            settings: What to set to repeat it.
        """

        base, there = self.base, self.margin >= 0
        outcome = torch.full_like(self.steps, Outcome.EXHAUSTED)
        outcome[self.going & self.interrupted] = Outcome.INTERRUPTED
        outcome[there] = Outcome.REACHED
        outcome[there & (self.steps == 0)] = Outcome.ALREADY
        point = Point(self.data, self.latent, self.outputs, base.factual, base.origin)

        return Counterfactuals(
            factual=base.factual,
            reconstruction=base.reconstruction,
            counterfactual=self.data,
            origin=base.origin,
            latent=self.latent,
            target=self.hill.objective.aim(point, base.memory),
            outcome=outcome,
            steps=self.steps,
            outputs_before=base.outputs,
            outputs_after=self.outputs,
            margin=self.margin,
            typical=torch.ones_like(there),
            seconds=torch.full_like(self.margin, seconds / len(there)),
            path=_stack(self.path, base.origin),
            path_margin=_stack(self.path_margin, self.margin),
            settings=settings,
        )

    def _turn(self, turn: int, rows: Tensor) -> None:
        """Sample one shell of each row, with the same directions for all."""

        count = self.sampling.samples
        generator = torch.Generator().manual_seed(self.run.seed * 1_000_003 + turn)
        directions = torch.randn(count, self.latent.shape[1], generator=generator)
        shares = torch.rand(count, generator=generator)
        shell = self.sampling.shells.shell(self.memory)
        nearest = torch.full_like(self.distance, torch.inf)

        for some in rows.split(max(1, self.run.batch_size // count)):
            steps, length = sample(
                Shell(*(value[some] for value in shell)),
                directions.to(self.latent),
                shares.to(self.latent),
            )
            nearest[some] = self._look(some, steps, length, turn * count)

        after = self.sampling.shells.advance(
            nearest[rows], tuple(value[rows] for value in self.memory)
        )

        for held, value in zip(self.memory, after, strict=True):
            held[rows] = value

    def _look(self, rows: Tensor, steps: Tensor, length: Tensor, before: int) -> Tensor:
        """Look at samples of some rows, keep the best, return the nearest finds."""

        base = self.base.rows(rows.repeat_interleave(length.shape[1]))
        point = self.hill.look(base.origin + steps.flatten(0, 1), base)
        margin = self.hill.objective.margin(point, base.memory).nan_to_num(-torch.inf)
        margin = margin.reshape_as(length)
        nearest, which = length.where(margin >= self.run.reserve, torch.inf).min(1)
        found = nearest.isfinite()
        which = torch.where(found, which, margin.argmax(1))
        reached = margin.gather(1, which[:, None])[:, 0]
        ahead = self.distance[rows].isinf() & (reached > self.margin[rows])
        better = torch.where(found, nearest < self.distance[rows], ahead)
        kept = rows[better]
        index = (torch.arange(len(rows), device=rows.device) * length.shape[1]) + which
        index = index[better]

        self.data[kept] = point.data[index]
        self.latent[kept] = point.latent[index]
        self.outputs[kept] = point.outputs[index]
        self.margin[kept] = reached[better]
        self.distance[kept] = nearest[better]
        self.steps[kept] = before + which[better] + 1

        return nearest

    def _keep_path(self) -> None:
        if self.run.path:
            self.path.append(self.latent.clone())
            self.path_margin.append(self.margin.clone())


def _stack(points: list[Tensor], like: Tensor) -> Tensor:
    return torch.stack(points, dim=1) if points else like[:, None][:, :0]
