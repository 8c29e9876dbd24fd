"""Ascent at a price for the distance, which falls until each row has arrived."""

import math
import time
from dataclasses import dataclass, replace
from functools import partial

import torch

from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.distances import DataDistance, Distance
from diffeo.methods.going_on import go_on, restated
from diffeo.methods.gradient import GradientMethod
from diffeo.objectives import Objective, Point
from diffeo.search import Run
from diffeo.search.batches import STATED
from diffeo.search.checks import gradient_of
from diffeo.search.closest import come_closest, lengths
from diffeo.search.problem import Problem, Rows, select, where
from diffeo.search.state import Best, State
from diffeo.shapes import Data, Model

__all__ = ["FallingPrice"]

PLAIN, IN_DATA = GradientMethod(), DataDistance()


@dataclass(frozen=True)
class FallingPrice:
    """Ascend the score less a price for the squared distance, then come closest.

    The price is so high at first that a row stays near its factual, and falls with each
    step until the row has arrived. On its way it has changed what gains most for its
    distance; an ascent without a price may end elsewhere, from where the nearest point
    is further. That ascent goes before, and counts where it alone arrived or ended
    nearer. Then the distances that the run names are minimized.

    Source: Fiacco and McCormick, 1968, Nonlinear programming: sequential unconstrained
    minimization techniques, for a sequence of prices; Dombrowski et al., 2024, equation
    (3), for the problem.

    Args:
        method: What ascends, without a price for the distance.
        distance: What has a price.
        first: The price at first, as what half the squared distance costs of the score.
        fall: The share of the price that is left after a step.
        steps: Most steps at a price, if the run has as many.

    Example:
        >>> from diffeo import Identity, TargetClass
        >>> x, place = torch.full((2, 1, 1, 2), 0.4), Identity((1, 1, 2))
        >>> model = lambda x: 9 * x.flatten(1)
        >>> goal, run = TargetClass(1, 0.9), Run(closest=(DataDistance(),))
        >>> record = FallingPrice().explain(x, model, place, goal, run)
        >>> record.counterfactual[0].flatten().round(decimals=2)
        tensor([0.2700, 0.5300])
    """

    method: GradientMethod = PLAIN
    distance: Distance = IN_DATA
    first: float = 1.0
    fall: float = 0.915
    steps: int = 100

    def explain(
        self,
        x: Data,
        model: Model,
        coordinates: Coordinates,
        goal: Objective,
        run: Run,
    ) -> Counterfactuals:
        """Find a near success, without its path; see `GradientMethod`."""

        begun = time.perf_counter()
        freely = replace(run, closest=(), path=False)
        found = self.method.explain(x, model, coordinates, goal, freely)

        if found.finished.all():
            problem = self.method.problem(x, model, coordinates, goal)
            found = go_on(found, problem, partial(self._nearest, run))

        return restated(found, begun, {"method": self, "run": run})

    def _nearest(
        self, run: Run, found: Counterfactuals, problem: Problem
    ) -> Counterfactuals:
        """Return rows as near as they come from where either ascent arrived."""

        rows = problem.begin(found.factual, found.origin, None)
        free = _where_it_ended(found, rows)
        paid = self._ascend(problem, rows, min(run.steps, self.steps))
        shorter = self._length(paid, rows) < self._length(free, rows)
        best = where(shorter, paid, free)
        last = (run.closest or (self.distance,))[-1]
        before = lengths(last, rows, best)
        angle = torch.full_like(best.margin, math.nan)

        for distance in run.closest:
            best, angle = come_closest(
                problem, rows, best, distance, steps=run.closest_steps
            )

        stated = before, lengths(last, rows, best), angle
        moved = [value.masked_fill(angle.isnan(), math.nan) for value in stated]
        arrived = best.done & ~found.reached

        return replace(
            found,
            counterfactual=best.data,
            latent=best.latent,
            outputs_after=best.outputs,
            margin=best.margin,
            steps=best.steps,
            outcome=found.outcome.masked_fill(arrived, Outcome.REACHED),
            statements=dict(zip(STATED, moved, strict=True)) if run.closest else {},
        )

    def _ascend(self, problem: Problem, rows: Rows, steps: int) -> Best:
        """Return where rows arrived at a price that falls; those are done."""

        z, memory = rows.origin, problem.ascent.start(rows.origin)
        best = State.begin(rows, z, memory).best
        going = torch.arange(len(z), device=z.device)
        reference = self.distance.features(rows.factual, rows.origin)

        for step in range(steps + 1):
            here = z.detach().requires_grad_()
            point = problem.evaluate(here, rows)
            margin = problem.margin(point, rows)
            arrived = margin >= rows.tolerance
            there = select(best, going).improve(arrived, point, margin)
            there = there._replace(steps=there.steps + step, done=arrived)
            best = best.replace(going[arrived], select(there, arrived))
            change = self.distance.features(point.data, here) - reference
            cost = self.first * self.fall**step * change.square().sum(1) / 2
            score = problem.score(point, rows) - cost
            gradient = gradient_of(score, point.data, here)
            freely = margin - torch.inf  # no step is shortened before the target
            z, memory = problem.ascent.step(here.detach(), freely, gradient, memory)
            left = ~arrived & gradient.isfinite().all(1)

            if not left.any():
                break

            going, z, memory, rows, reference = select(
                (going, z, memory, rows, reference), left
            )

        return best

    def _length(self, best: Best, rows: Rows) -> torch.Tensor:
        """Return the distances of rows that arrived, infinite for the others."""

        return lengths(self.distance, rows, best).masked_fill(~best.done, torch.inf)


def _where_it_ended(found: Counterfactuals, rows: Rows) -> Best:
    """Return the points of a record; rows that reached their targets are done."""

    at = found.counterfactual, found.latent, found.outputs_after
    point, every = Point(*at, rows.factual, rows.origin), torch.ones_like(found.reached)
    best = State.begin(rows, found.origin, ()).best.improve(every, point, found.margin)

    return best._replace(steps=found.steps, done=found.reached)
