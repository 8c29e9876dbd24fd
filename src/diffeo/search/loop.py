"""The loop itself: one batch of rows steps until each is done."""

import warnings
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from diffeo.progress import Bar
from diffeo.search.checks import gradient_of
from diffeo.search.problem import AIM, Problem, Rows, where
from diffeo.search.state import Best, PathRecorder, State
from diffeo.shapes import Data, Flags, Latent, Scores

__all__ = ["Loop"]

PAUSE, LONG_PAUSE = 1, 4  # steps between two looks at what is done: on a CPU, elsewhere
LEAVING = 8  # rows leave the batch once at least one in so many is done
GRACE = 10  # evaluations in which a row at its target may gain its tolerance


class StepStart(NamedTuple):
    """What a step needs to know of the point where it begins.

    Args:
        z: The coordinates, which require a gradient.
        data: The decoded data.
        score: What is ascended.
        gap: The missing margin by side, if the target has two; see `Bracket`.
    """

    z: Latent
    data: Data
    score: Scores
    gap: Scores | None


@dataclass
class Loop:
    """One batch of rows on the way to their targets.

    Args:
        problem: What is searched.
        rows: What is known of the rows.
        start: Where they start.
        patience: Steps without a better margin after which a row is done.
        recorder: Where to record the path, if anywhere.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> from diffeo.progress import watch
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(0.5)
        >>> problem = Problem(lambda x: x.sum(1), *parts)
        >>> z = torch.zeros(1, 2)
        >>> rows = problem.begin(z, z, typical=None)
        >>> loop = Loop(problem, rows, z, patience=9)
        >>> with watch("Searching", 1, shown=False) as bar:
        ...     loop.run(10, bar)
        >>> loop.state.whole.steps
        tensor([2])
    """

    problem: Problem
    rows: Rows
    start: Latent
    patience: int
    recorder: PathRecorder | None = None
    interrupted: bool = False
    state: State = field(init=False)

    def __post_init__(self) -> None:
        memory = self.problem.ascent.start(self.start)
        self.state = State.begin(self.rows, self.start, memory)

    def run(self, steps: int, bar: Bar) -> None:
        """Take so many steps, or until all rows are done, or until interrupted."""

        try:
            self._run(steps, bar)
        except KeyboardInterrupt:
            self.interrupted = True

    def _run(self, steps: int, bar: Bar) -> None:
        pause = PAUSE if self.start.device.type == "cpu" else LONG_PAUSE

        for step in range(steps):
            here = self._evaluate(step)
            looking = step % pause == 0

            if looking and self._all_done(bar):
                return

            self._move(step, here)
            del here  # what it keeps for its gradient is the next step's to use

            if looking:
                self._let_done_rows_leave()

        with torch.no_grad():
            self._evaluate(steps)

        self._all_done(bar)

    def _evaluate(self, step: int) -> StepStart:
        """Decode, ask the model, and keep the best point of each row."""

        state, problem = self.state, self.problem
        z = state.z.detach().requires_grad_()
        point = problem.evaluate(z, state.rows)
        score = problem.score(point, state.rows)
        margin = problem.margin(point, state.rows)
        before = state.best
        going = ~before.done
        finite = score.detach().isfinite() & margin.isfinite()
        better = going & finite & (margin > before.margin)
        best = before.improve(better, point, margin)._replace(
            steps=before.steps.masked_fill(better, step),
            waited=before.waited + (margin >= 0),
            failed=before.failed | (going & ~finite),
        )
        stalled = going & (margin < 0) & (step - best.steps > self.patience)
        stops = stalled | ~finite | self._stops(step, margin, best)
        best = best._replace(done=~going | stops, stalled=best.stalled | stalled)
        self.state = state._replace(margin=margin, best=best)

        if self.recorder:
            self.recorder.add(step, self.state, going)

        return StepStart(z, point.data, score, problem.gap(point, state.rows, margin))

    def _stops(self, step: int, margin: Scores, best: Best) -> Flags:
        """Return which rows have enough margin, or no prospect of more."""

        enough = (margin >= self.state.rows.tolerance) | (best.waited > GRACE)

        return (margin >= 0) & (enough if step else True)

    def _move(self, step: int, here: StepStart) -> None:
        """Take a step, but for the rows that are done."""

        state, best = self.state, self.state.best
        z, bracket = here.z.detach(), state.bracket
        gradient = gradient_of(here.score, here.data, here.z)
        aim = AIM * state.rows.tolerance
        moved, memory = self.problem.ascent.step(
            z, state.margin - aim, gradient, state.memory
        )

        if here.gap is not None:
            bracket = bracket.update(best.previous, here.gap)
            moved = bracket.inside(z, moved)

        done = best.done if step else best.done | _stuck(gradient, best.done)
        self.state = state._replace(
            z=where(done, z, moved),
            memory=memory,
            bracket=bracket,
            best=best._replace(
                done=done,
                previous=where(done, best.previous, z),
                previous_margin=torch.where(done, best.previous_margin, state.margin),
            ),
        )

    def _all_done(self, bar: Bar) -> bool:
        done, margin = self.state.best.done, self.state.best.margin
        left = sum(len(part.row) for part in self.state.finished)
        reached = sum(int((part.margin >= 0).sum()) for part in self.state.finished)
        bar.show(left + int(done.sum()), reached + int((margin >= 0).sum()))

        return bool(done.all())

    def _let_done_rows_leave(self) -> None:
        """Take rows that are done out of the batch, once they are worth the copy."""

        done = self.state.best.done

        if int(done.sum()) * LEAVING >= len(done):
            self.state = self.state.without_done()


def _stuck(gradient: Latent, done: Flags) -> Flags:
    """Return which rows cannot take a first step, and warn if none can."""

    stuck = (gradient == 0).all(1)

    if bool((stuck | done).all()) and not bool(done.all()):
        warnings.warn(
            "no row can take a step: the gradient of the score is exactly 0 in all of "
            "them; does the model round, compare, or saturate?",
            stacklevel=2,
        )

    return stuck
