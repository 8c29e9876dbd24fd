"""The loop itself: one batch of rows climbs until each is done."""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from diffeo.ascents import Ascent
from diffeo.coordinates.protocol import Coordinates
from diffeo.objectives import Objective, Point
from diffeo.progress import Bar
from diffeo.shapes import Data, Flags, Indices, Latent, Memory, Model, Outputs, Scores

__all__ = ["Base", "Climb", "Hill"]

PAUSE = 4  # steps between two looks at which rows are done


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
            _rows(self.memory, index),
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


@dataclass
class Climb:
    """One batch on its way up, with the best point that each row has seen.

    Args:
        hill: What is climbed.
        base: The rows.
        z: Where they start.
        reserve: Margin at which a row stops.
        interrupted: Whether to look at the start only, since time is up.
    """

    hill: Hill
    base: Base
    z: Latent
    reserve: float
    interrupted: bool
    memory: Memory = field(init=False)
    data: Data = field(init=False)
    latent: Latent = field(init=False)
    outputs: Outputs = field(init=False)
    margin: Scores = field(init=False)
    steps: Indices = field(init=False)
    done: Flags = field(init=False)
    failed: Flags = field(init=False)
    path: list[Latent] = field(default_factory=list)
    path_margin: list[Scores] = field(default_factory=list)

    def __post_init__(self) -> None:
        rows = len(self.z)
        self.z = self.z.clone()
        self.memory = tuple(value.clone() for value in self.hill.ascent.start(self.z))
        self.data = self.base.reconstruction.clone()
        self.latent = self.z.clone()
        self.outputs = self.base.outputs.clone()
        self.margin = self.z.new_full((rows,), -torch.inf)
        self.steps = torch.zeros(rows, dtype=torch.long, device=self.z.device)
        self.done = torch.zeros(rows, dtype=torch.bool, device=self.z.device)
        self.failed = self.done.clone()

    def run(self, steps: int, bar: Bar, *, keep_path: bool) -> None:
        """Climb for so many steps, or until all rows are done, or until interrupted."""

        try:
            self._run(0 if self.interrupted else steps, bar, keep_path=keep_path)
        except KeyboardInterrupt:
            self.interrupted = True

        bar.close_batch(len(self.z), int((self.margin >= 0).sum()))

    def _run(self, steps: int, bar: Bar, *, keep_path: bool) -> None:
        active = torch.arange(len(self.z), device=self.z.device)

        for step in range(steps + 1):
            if step % PAUSE == 0:
                bar.show(int(self.done.sum()), int((self.margin >= 0).sum()))
                active = (~self.done).nonzero()[:, 0]

                if len(active) == 0:
                    break

            base = self.base.rows(active)
            z = self.z[active].requires_grad_()
            point = self.hill.look(z, base)
            score = self.hill.objective.score(point, base.memory)
            margin = self.hill.objective.margin(point, base.memory).detach()
            self._keep_best(active, point, margin, step)

            if keep_path:
                self.path.append(self.z.clone())
                self.path_margin.append(self.margin.index_copy(0, active, margin))

            finite = score.detach().isfinite() & margin.isfinite()
            arrived = margin >= (self.reserve if step else 0)
            self.failed[active] |= ~finite & ~self.done[active]
            self.done[active] |= arrived | ~finite

            if step < steps:
                self._step(active, z, score)

    def _keep_best(
        self, active: Tensor, point: Point, margin: Scores, step: int
    ) -> None:
        better = (margin > self.margin[active]) & ~self.done[active]
        rows = active[better]
        self.data[rows] = point.data.detach()[better]
        self.latent[rows] = point.latent.detach()[better]
        self.outputs[rows] = point.outputs.detach()[better]
        self.margin[rows] = margin[better]
        self.steps[rows] = step

    def _step(self, active: Tensor, z: Latent, score: Scores) -> None:
        (gradient,) = torch.autograd.grad(score.sum(), z)
        memory = _rows(self.memory, active)
        moved, memory = self.hill.ascent.step(
            z.detach(), score.detach(), gradient, memory
        )
        going = ~self.done[active]
        self.z[active] = torch.where(going[:, None], moved, z.detach())

        for held, value in zip(self.memory, memory, strict=True):
            held[active] = value


def _rows(memory: Memory, index: Tensor | slice) -> Memory:
    return tuple(value[index] for value in memory)
