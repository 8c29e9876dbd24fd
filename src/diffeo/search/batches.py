"""Search some rows at a time, as planned, and record what is found."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from diffeo.answers import ask
from diffeo.batching import backing_off, slices
from diffeo.coordinates.protocol import Coordinates, is_typical
from diffeo.counterfactuals import Counterfactuals
from diffeo.objectives.protocol import rows_of
from diffeo.objectives.smoothed import SmoothedScore
from diffeo.progress import Bar, watch
from diffeo.search.closest import come_closest, lengths
from diffeo.search.line_search import line_search
from diffeo.search.loop import Loop
from diffeo.search.plan import Plan
from diffeo.search.problem import Problem, Rows, select
from diffeo.search.result import nearest, record_of
from diffeo.search.run import Run
from diffeo.search.state import LEFT_OUT, Best, PathRecorder
from diffeo.shapes import Data, Latent, Scores

__all__ = ["Batches"]

DRAWS, SPREAD = 4, 0.6  # coordinates around rows that stalled, and how far
SHARE = 0.5  # of its coordinates, from where a row starts that stalled twice
LONGER = 3  # times the patience that a row is given then
STATED = "distance_before", "distance_after", "kkt_angle"


@dataclass
class Batches:
    """The batches of a search.

    Args:
        x: The data of all rows.
        coordinates: Those that encode the data.
        plan: What is searched, and in what batches as long as they fit into memory.
        run: How to search.
        encoded: The coordinates of the first rows, which are known already.
        settings: What to record of the search.
        interrupted: Whether the user has interrupted the search.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> problem, x = Problem(lambda x: x.sum(1), *parts), torch.zeros(3, 2)
        >>> plan = Plan(problem, None, "full", "plain", batch_size=2)
        >>> batches = Batches(x, parts[1], plan, Run(), encoded=x[:0], settings={})
        >>> [len(record) for record in batches.records()]
        [2, 1]
    """

    x: Data
    coordinates: Coordinates
    plan: Plan
    run: Run
    encoded: Tensor
    settings: dict[str, object]
    interrupted: bool = False

    def records(self) -> Iterator[Counterfactuals]:
        """Yield the record of each batch, until all are done or interrupted."""

        rows, size = len(self.x), self.plan.batch_size
        total = rows * (1 + self.run.restarts)

        with watch("Searching", total, shown=self.run.progress) as bar:
            try:
                for record in backing_off(partial(self.search, bar), rows, size):
                    yield record

                    if self.interrupted:
                        return
            except KeyboardInterrupt:
                self.interrupted = True

    def not_begun(self, begun: int) -> list[Counterfactuals]:
        """Return the records of rows that an interrupt left out, at their origins.

        Args:
            begun: How many rows have a record.
        """

        left = len(self.x) - begun

        with watch("Interrupted", left, shown=False) as bar:
            return [
                self.search(bar, slice(begun + part.start, begun + part.stop))
                for part in slices(left, self.plan.batch_size)
            ]

    @torch.inference_mode(mode=False)
    @torch.enable_grad()
    def search(self, bar: Bar, index: slice) -> Counterfactuals:
        """Search some rows, as often as the run says."""

        begun = time.perf_counter()
        full, low = self.plan.full, self.plan.low
        objective = rows_of(full.objective, index)
        full = full._replace(objective=objective)
        low = low and low._replace(objective=objective)
        rows = self._begin(full, index)
        records: list[Counterfactuals] = []

        for start in self._starts(rows.origin):
            if not records or not self.interrupted:
                records.append(self._search_once(full, low, rows, start, bar))

        record = nearest(records)
        seconds = (time.perf_counter() - begun) / len(record)

        return replace(
            record,
            seconds=torch.full_like(record.seconds, seconds),
            settings=self.settings,
        )

    @torch.no_grad()
    def _begin(self, problem: Problem, index: slice) -> Rows:
        """Encode the rows that are not encoded yet, and ask the model about all."""

        factual = self.x[index].detach().clone()
        origin = self.encoded[index]
        rest = factual[len(origin) :]

        if len(rest) > 0:
            encoded = ask(self.coordinates.encode, rest, "coordinates.encode")
            origin = torch.cat((origin, encoded))

        return problem.begin(factual, origin, is_typical(self.coordinates, factual))

    def _starts(self, origin: Latent) -> Iterator[Latent]:
        """Yield the origin, then points near it, shifted alike for every row."""

        generator = torch.Generator().manual_seed(self.run.seed)
        noise = torch.randn(self.run.restarts, origin.shape[1], generator=generator)

        yield origin

        for shift in self.run.restart_noise * noise.to(origin):
            yield origin + shift

    def _search_once(
        self,
        full: Problem,
        low: Problem | None,
        rows: Rows,
        start: Latent,
        bar: Bar,
    ) -> Counterfactuals:
        recorder = PathRecorder() if self.run.path else None
        loop = Loop(low or full, rows, start, self.run.patience, recorder)
        self._run(loop, bar)
        best = loop.state.whole
        statements = dict.fromkeys(
            STATED if self.run.closest else (), torch.full_like(rows.margin, math.nan)
        )

        try:
            if low:
                best = self._confirm(full, rows, start, best, bar)

            best = self._try_again(full, rows, start, best, recorder, bar)
            best = line_search(full, rows, best, steps=self.run.line_search_steps)
            best, statements = self._come_closest(full, rows, best)
        except KeyboardInterrupt:
            self.interrupted = True

        bar.close_batch(len(start), int((best.margin >= 0).sum()))

        return record_of(
            full.objective,
            rows,
            best,
            interrupted=self.interrupted,
            statements=statements,
            paths=recorder.paths(best) if recorder else (),
        )

    def _run(self, loop: Loop, bar: Bar) -> None:
        loop.run(0 if self.interrupted else self.run.steps, bar)
        self.interrupted |= loop.interrupted

    def _try_again(
        self,
        problem: Problem,
        rows: Rows,
        start: Latent,
        best: Best,
        recorder: PathRecorder | None,
        bar: Bar,
    ) -> Best:
        """Search rows that have stalled again, averaged, then from nearer to zero."""

        most, patience = max(1, len(start) // (1 + DRAWS)), self.run.patience
        goal = SmoothedScore(problem.objective, DRAWS, SPREAD)
        averaged = problem._replace(objective=goal)
        tries = (averaged, start, -math.inf), (problem, SHARE * start, 0.0)

        for trial, first, least in tries[: self.run.retries]:
            index = best.stalled.nonzero()[:, 0]
            waited, patience = patience, LONGER * self.run.patience

            for part in index.split(most) if len(index) else ():
                tried = PathRecorder() if recorder else None
                few = select(rows, part)
                loop = Loop(trial, few, first[part], patience, tried)
                self._run(loop, bar)
                before, after = select(best, part), loop.state.whole
                began = before.steps + waited + 1
                after = after._replace(row=part, steps=began + after.steps)
                better = after.margin > before.margin.clamp_min(least)
                best = best.replace(part, before.choose(better, after))

                if recorder and tried:
                    recorder.replace(tried, part.masked_fill(~better, LEFT_OUT), began)

        return best

    def _come_closest(
        self, problem: Problem, rows: Rows, best: Best
    ) -> tuple[Best, dict[str, Scores]]:
        """Minimize the distances asked for, and state what the last has come to."""

        if not self.run.closest:
            return best, {}

        last, steps = self.run.closest[-1], self.run.closest_steps
        before = lengths(last, rows, best)
        angle = torch.full_like(best.margin, math.nan)

        for distance in self.run.closest:
            best, angle = come_closest(problem, rows, best, distance, steps=steps)

        stated = before, lengths(last, rows, best), angle
        moved = [value.masked_fill(angle.isnan(), math.nan) for value in stated]

        return best, dict(zip(STATED, moved, strict=True))

    def _confirm(
        self, full: Problem, rows: Rows, start: Latent, best: Best, bar: Bar
    ) -> Best:
        """Evaluate in full precision, and search there where that is not enough."""

        with torch.no_grad():
            point = full.evaluate(best.latent, rows)
            margin = full.margin(point, rows)

        enough = margin >= rows.tolerance * (best.steps > 0)
        best = best.improve(torch.ones_like(enough), point, margin)
        no = torch.zeros_like(enough)
        best = best._replace(done=enough, failed=no, stalled=no)
        index = (~enough).nonzero()[:, 0]

        if len(index) == 0 or self.interrupted:
            return best

        loop = Loop(full, select(rows, index), start[index], self.run.patience)
        self._run(loop, bar)

        return best.replace(index, loop.state.whole._replace(row=index))
