"""Random search: samples in shells around a point in latent coordinates."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from diffeo.batching import batches_of
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import (
    Counterfactuals,
    Outcome,
    SearchPath,
    concatenate,
)
from diffeo.methods.radius_schedule import RadiusSchedule, Shell
from diffeo.objectives import Point, TargetClass
from diffeo.objectives.classes import TOLERANCE
from diffeo.progress import watch
from diffeo.search import Run, search
from diffeo.settings import describe
from diffeo.shapes import Data, Latent, Model, Scores

__all__ = ["RandomSearch"]

SEEDS = 1_000_003  # more than any search has turns
Judge = Callable[[Counterfactuals, Latent], tuple[Point, Scores]]


@dataclass(frozen=True)
class RandomSearch:
    """Sample around each row in coordinates, and keep the nearest that reached.

    It follows no gradient. All rows see the same directions, so that none depends on
    its neighbors. Of a run it heeds seed, path and progress; a step is a
    sample.

    Source: Zhao, Dua and Singh, 2018, Generating natural adversarial examples. As in
    Dombrowski et al., 2024, Section V, the coordinates are those of the generative
    model under comparison, z comes from its encoder, and the target is a class with a
    confidence.

    Args:
        schedule: At which distances to sample.
        samples: Number of samples in each shell.
        budget: Greatest number of samples of a row; a last shell that does not fit is
            left out.
        batch_size: Samples that are decoded together.

    Example:
        >>> from diffeo import Identity
        >>> x, place = torch.full((2, 1, 1, 2), 0.4), Identity((1, 1, 2))
        >>> model = lambda x: 9 * x.flatten(1)
        >>> record = RandomSearch(RadiusSchedule(radius=1.0)).explain(
        ...     x, model, place, target=1, confidence=0.9, run=Run()
        ... )
        >>> record.reached
        tensor([True, True])
    """

    schedule: RadiusSchedule = RadiusSchedule()  # noqa: RUF009 (frozen, stateless)
    samples: int = 50
    budget: int = 1000
    batch_size: int = 256

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= self.budget:
            raise ValueError(
                f"samples must be from 1 to the budget of {self.budget}, got "
                f"{self.samples}"
            )

        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")

    def explain(
        self,
        x: Data,
        model: Model,
        coordinates: Coordinates,
        *,
        target: int,
        confidence: float,
        run: Run,
    ) -> Counterfactuals:
        """Find the nearest sample of the target class; see `Method`."""

        objective, place = TargetClass(target, confidence), Bounded(coordinates)
        once = replace(run, steps=1, restarts=0, path=False, progress=False)
        start = search(x, model, objective, place, run=once)
        turns = self.budget // self.samples if start.finished.all() else 0
        begun = time.perf_counter()
        found: list[Counterfactuals] = []

        def judge(row: Counterfactuals, z: Latent) -> tuple[Point, Scores]:
            def spread(value: Tensor) -> Tensor:
                return value.expand(len(z), *value.shape[1:])

            x, origin = row.factual, row.origin
            memory = objective.start(Point(x, origin, row.outputs_before, x, origin))
            data = [place.decode(part) for part in batches_of(z, self.batch_size)]
            outputs = torch.cat([model(part) for part in data])
            point = Point(torch.cat(data), z, outputs, spread(x), spread(origin))
            margin = objective.margin(point, tuple(map(spread, memory)))

            return point, margin.nan_to_num(-torch.inf)

        with watch("Sampling", len(x), shown=run.progress) as bar:
            for row in torch.arange(len(x), device=x.device).split(1):
                end, turns = self._nearest(start.select(row), judge, run, turns)
                found.append(end)
                bar.close_batch(1, int(end.reached.sum()))

        seconds = start.seconds + (time.perf_counter() - begun) / len(x)
        settings = {
            "method": describe(self),
            "objective": describe(objective),
            "coordinates": describe(place),
            "run": describe(run),
            "model": describe(model),
        }

        return replace(
            concatenate(found), seconds=seconds, settings=settings, batch_size=1
        )

    @torch.no_grad()
    def _nearest(
        self, start: Counterfactuals, judge: Judge, run: Run, turns: int
    ) -> tuple[Counterfactuals, int]:
        """Return the record of one row with the best of its samples, and the turns.

        That is the nearest of those past the target by the tolerance, else the one
        that came closest to the target. After an interrupt there are no turns for the
        rows that follow.
        """

        path = [_moved(start, *judge(start, start.origin), index=0, steps=0)]
        shell, rank = self.schedule.start(), (math.inf, -path[0].margin.item())
        wanted = 0 if path[0].reached.all() else turns

        try:
            for turn in range(wanted):
                if self.schedule.ended(shell):
                    break

                step, length = self._sample(shell, run.seed * SEEDS + turn, start)
                point, margin = judge(start, start.origin + step)
                nearest, index = length.where(margin >= TOLERANCE, torch.inf).min(0)
                best = int(index if nearest.isfinite() else margin.argmax())
                shell = self.schedule.following(shell, nearest.item())

                if (nearest.item(), -margin[best].item()) < rank:
                    rank = nearest.item(), -margin[best].item()
                    steps = turn * self.samples + best + 1
                    path.append(_moved(start, point, margin, index=best, steps=steps))
        except KeyboardInterrupt:
            turns = 0

        end = path[-1]

        if turns == 0 and not end.reached.all():
            stopped = torch.full_like(end.outcome, Outcome.INTERRUPTED)
            end = replace(end, outcome=stopped)

        return replace(end, paths=(_path(path),) if run.path else ()), turns

    def _sample(
        self, shell: Shell, seed: int, start: Counterfactuals
    ) -> tuple[Latent, Scores]:
        """Return steps into a shell and their lengths, the same for all rows."""

        origin = start.origin
        generator = torch.Generator().manual_seed(seed)
        directions = torch.randn(self.samples, origin.shape[1], generator=generator)
        shares = torch.rand(self.samples, generator=generator).to(origin)
        length = shell.inner + (shell.outer - shell.inner) * shares

        return length[:, None] * functional.normalize(directions.to(origin)), length


def _moved(
    start: Counterfactuals, point: Point, margin: Scores, *, index: int, steps: int
) -> Counterfactuals:
    """Return the record of a row that ends at one of some points."""

    row = slice(index, index + 1)
    ended = Outcome.REACHED if margin[index] >= 0 else Outcome.EXHAUSTED
    stayed = steps == 0 and start.outcome.item() == Outcome.ALREADY

    return replace(
        start,
        counterfactual=point.data[row],
        latent=point.latent[row],
        outputs_after=point.outputs[row],
        margin=margin[row],
        outcome=start.outcome if stayed else torch.full_like(start.outcome, ended),
        steps=torch.full_like(start.steps, steps),
    )


def _path(records: list[Counterfactuals]) -> SearchPath:
    """Return the path of one row through its records."""

    points = [(each.steps, each.latent, each.margin) for each in records]

    return SearchPath(*map(torch.cat, zip(*points, strict=True)))
