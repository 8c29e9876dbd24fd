"""The loop itself: one batch of rows climbs until each is done."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from diffeo.progress import Bar
from diffeo.search.problem import Base, Hill
from diffeo.search.state import Trail, Walk, set_out, where
from diffeo.shapes import Latent, Scores

__all__ = ["Climb"]

FREE, DEAR = 1, 4  # steps between two looks at which rows are done: on host, elsewhere
LEAVING = 8  # rows leave once at least one in so many is done


@dataclass
class Climb:
    """One batch on its way up, with the best point that each row has seen.

    Args:
        hill: What is climbed.
        base: The rows.
        z: Where they start.
        reserve: Margin at which a row stops.
        patience: Steps without a better margin after which a row is done.
        trail: What to note the path in, if anything.
    """

    hill: Hill
    base: Base
    z: Latent
    reserve: float
    patience: float = math.inf
    trail: Trail | None = None
    interrupted: bool = False
    walk: Walk = field(init=False)

    def __post_init__(self) -> None:
        self.walk = set_out(self.base, self.z, self.hill.ascent.start(self.z))

    def run(self, steps: int, bar: Bar) -> None:
        """Climb for so many steps, or until all rows are done, or until interrupted."""

        try:
            self._run(steps, bar)
        except KeyboardInterrupt:
            self.interrupted = True

    def _run(self, steps: int, bar: Bar) -> None:
        pause = FREE if self.z.device.type == "cpu" else DEAR

        for step in range(steps):
            z, score = self._see(step)
            looking = step % pause == 0

            if looking and self._all_done(bar):
                return

            self._move(z, score)
            del score  # what it keeps for its gradient is the next step's to use

            if looking:
                self._leave()

        with torch.no_grad():
            self._see(steps)

        self._all_done(bar)

    def _see(self, step: int) -> tuple[Latent, Scores]:
        """Look around and keep the best; return where that was and what to climb."""

        walk, hill = self.walk, self.hill
        z = walk.z.detach().requires_grad_()
        point = hill.look(z, walk.base)
        score = hill.score(point, walk.base)
        margin = hill.margin(point, walk.base)
        summit = walk.summit
        better = (margin > summit.margin) & ~summit.done
        arrived = margin >= (self.reserve if step else 0)
        weary = step - summit.steps > self.patience
        broken = ~(score.detach().isfinite() & margin.isfinite()) & ~summit.done
        summit = summit.improve(better, point, margin)._replace(
            steps=summit.steps.masked_fill(better, step),
            done=summit.done | arrived | broken | weary,
            failed=summit.failed | broken,
        )
        self.walk = walk._replace(margin=margin, summit=summit)

        if self.trail:
            self.trail.add(self.walk)

        return z, score

    def _all_done(self, bar: Bar) -> bool:
        done, margin = self.walk.summit.done, self.walk.summit.margin
        gone = self.walk.gone
        before = sum(len(part.row) for part in gone)
        reached = sum(int((part.margin >= 0).sum()) for part in gone)
        bar.show(before + int(done.sum()), reached + int((margin >= 0).sum()))

        return bool(done.all())

    def _move(self, z: Latent, score: Scores) -> None:
        """Step, but for the rows that are done."""

        walk, summit = self.walk, self.walk.summit
        (gradient,) = torch.autograd.grad(score.sum(), z)
        here = z.detach()
        moved, memory = self.hill.ascent.step(here, walk.margin, gradient, walk.memory)
        self.walk = walk._replace(
            z=where(summit.done, here, moved),
            memory=memory,
            summit=summit._replace(
                behind=where(summit.done, summit.behind, here),
                behind_margin=where(summit.done, summit.behind_margin, walk.margin),
            ),
        )

    def _leave(self) -> None:
        """Let finished rows leave the batch, once they are worth the copy."""

        done: Tensor = self.walk.summit.done

        if int(done.sum()) * LEAVING >= len(done):
            self.walk = self.walk.part()
