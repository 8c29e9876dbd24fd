"""Random search: samples in shells around a point in latent coordinates."""

import math
import time
from dataclasses import dataclass, replace
from functools import partial
from zlib import crc32

import torch
from torch.nn import functional

from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, Outcome, SearchPath, concatenate
from diffeo.methods.radius_schedule import RadiusSchedule, Shell
from diffeo.objectives import TargetClass
from diffeo.objectives.classes import TOLERANCE
from diffeo.objectives.protocol import rows_of
from diffeo.progress import watch
from diffeo.search import DEFAULT_ASCENT, Run, search
from diffeo.search.problem import Problem, Rows
from diffeo.settings import describe
from diffeo.shapes import Data, Latent, Model, Scores

__all__ = ["RandomSearch"]


@dataclass(frozen=True)
class RandomSearch:
    """Sample around each row in coordinates, and keep the nearest that reached.

    It follows no gradient. Each row sees directions of its own, which follow from its
    data, so that none depends on its neighbors. Of a run it heeds seed, path and
    progress; a step is a sample.

    Source: Zhao, Dua and Singh, 2018, Generating natural adversarial examples. As in
    Dombrowski et al., 2024, Section V, the coordinates are those of the generative
    model under comparison, z comes from its encoder, and the target is a class with a
    confidence.

    Args:
        schedule: At which distances to sample.
        samples: Number of samples in each shell.
        budget: Greatest number of samples of a row; a last shell that does not fit is
            left out.

    Example:
        >>> from diffeo import Identity, TargetClass
        >>> x, place = torch.full((2, 1, 1, 2), 0.4), Identity((1, 1, 2))
        >>> model = lambda x: 9 * x.flatten(1)
        >>> goal, method = TargetClass(1, 0.9), RandomSearch(RadiusSchedule(radius=1.0))
        >>> record = method.explain(x, model, place, goal, Run())
        >>> record.reached
        tensor([True, True])
    """

    schedule: RadiusSchedule = RadiusSchedule()  # noqa: RUF009 (frozen, stateless)
    samples: int = 50
    budget: int = 1000

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= self.budget:
            raise ValueError(
                f"samples must be from 1 to the budget of {self.budget}, got "
                f"{self.samples}"
            )

    def explain(
        self,
        x: Data,
        model: Model,
        coordinates: Coordinates,
        goal: TargetClass,
        run: Run,
    ) -> Counterfactuals:
        """Find the nearest sample of the target class; see `GradientMethod`."""

        place = Bounded(coordinates)
        once = replace(run, steps=1, restarts=0, path=False, progress=False)
        start = search(x, model, goal, place, run=once)
        turns = self.budget // self.samples if start.finished.all() else 0
        begun = time.perf_counter()
        found: list[Counterfactuals] = []

        with watch("Sampling", len(x), shown=run.progress) as bar:
            for row in torch.arange(len(x), device=x.device).split(1):
                one = rows_of(goal, slice(int(row), int(row) + 1))
                problem = Problem(model, one, place, DEFAULT_ASCENT)
                end, turns = self._nearest(start.select(row), problem, run, turns)
                found.append(end)
                bar.close_batch(1, int(end.reached.sum()))

        seconds = start.seconds + (time.perf_counter() - begun) / len(x)
        settings = {
            "method": describe(self),
            "objective": describe(goal),
            "coordinates": describe(place),
            "run": describe(run),
            "model": describe(model),
        }

        return replace(
            concatenate(found), seconds=seconds, settings=settings, batch_size=1
        )

    @torch.no_grad()
    def _nearest(
        self,
        start: Counterfactuals,
        problem: Problem,
        run: Run,
        turns: int,
    ) -> tuple[Counterfactuals, int]:
        """Return the record of one row with the best of its samples, and the turns.

        That is the nearest of those past the target by the tolerance, else the one
        that came closest to the target. After an interrupt there are no turns for the
        rows that follow.
        """

        row = problem.begin(start.factual, start.origin, None)
        judged = partial(_judged, start, problem, row)
        path = [judged(start.origin, 0)]
        content = start.factual.cpu().numpy().tobytes()
        generator = torch.Generator().manual_seed(crc32(content, run.seed))
        shell, rank = self.schedule.start(), (math.inf, -path[0].margin.item())
        wanted = turns

        if path[0].reached.all():
            already = torch.full_like(start.outcome, Outcome.ALREADY)
            path, wanted = [replace(path[0], outcome=already)], 0

        try:
            for turn in range(wanted):
                if self.schedule.ended(shell):
                    break

                step, length = self._sample(shell, generator, start)
                samples = judged(start.origin + step, turn * self.samples + 1)
                enough = samples.margin >= TOLERANCE
                nearest, index = length.where(enough, torch.inf).min(0)
                best = index if nearest.isfinite() else samples.margin.argmax()
                shell = self.schedule.following(shell, nearest.item())
                found = nearest.item(), -samples.margin[best].item()

                if found < rank:
                    rank = found
                    path.append(samples.select(best[None]))
        except KeyboardInterrupt:
            turns = 0

        end = path[-1]

        if turns == 0 and not end.reached.all():
            stopped = torch.full_like(end.outcome, Outcome.INTERRUPTED)
            end = replace(end, outcome=stopped)

        if run.path:
            points = [(each.steps, each.latent, each.margin) for each in path]
            whole = SearchPath(*map(torch.cat, zip(*points, strict=True)))
            end = replace(end, paths=(whole,))

        return end, turns

    def _sample(
        self, shell: Shell, generator: torch.Generator, start: Counterfactuals
    ) -> tuple[Latent, Scores]:
        """Return steps into a shell and their lengths."""

        origin = start.origin
        directions = torch.randn(self.samples, origin.shape[1], generator=generator)
        shares = torch.rand(self.samples, generator=generator).to(origin)
        length = shell.inner + (shell.outer - shell.inner) * shares

        return length[:, None] * functional.normalize(directions.to(origin)), length


def _judged(
    start: Counterfactuals, problem: Problem, row: Rows, z: Latent, steps: int
) -> Counterfactuals:
    """Return the record of a row as it would be at each of some samples.

    Args:
        start: The record of the row.
        problem: What is searched.
        row: The same row, as the problem knows it.
        z: The samples.
        steps: Number of the first of them.
    """

    points = [problem.evaluate(part, row) for part in z.split(500)]
    margin = torch.cat([problem.margin(point, row) for point in points])
    number = torch.arange(len(z), device=z.device)

    return replace(
        start.select(torch.zeros_like(number)),
        counterfactual=torch.cat([point.data for point in points]),
        latent=z,
        outcome=torch.where(margin >= 0, Outcome.REACHED, Outcome.EXHAUSTED),
        steps=steps + number,
        outputs_after=torch.cat([point.outputs for point in points]),
        margin=margin.nan_to_num(-torch.inf),
    )
