"""The price of a penalized method, found for each row by bisection."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import (
    Counterfactuals,
    Outcome,
    SearchPath,
    choose,
)
from diffeo.methods.going_on import go_on, restated
from diffeo.methods.gradient import GradientMethod
from diffeo.objectives import TargetClass
from diffeo.search import Run
from diffeo.search.checks import gradient_of
from diffeo.search.problem import Problem
from diffeo.shapes import Data, Model, Scores

__all__ = ["Bisected", "Changes", "manhattan"]

Changes = Float[Tensor, "batch numbers"]
FACTOR = 4.0  # by which a price changes until it is known to lie between two
manhattan: Callable[[Changes], Scores] = partial(torch.linalg.vector_norm, ord=1, dim=1)


@dataclass(frozen=True)
class Bisected:
    """Search again and again at a price of each row's own, and keep the nearest.

    The first search is free of a price, so that no row fails for its price. Then each
    success raises the price of its row and each failure lowers it. The row ends at the
    nearest of all its successes, and goes on from there for some steps that grow
    shorter, since the first point at the target need not be the nearest.

    Source: Wachter, Mittelstadt and Russell, 2018, Counterfactual explanations without
    opening the black box, Section III, for a weight of each row; Van Looveren and
    Klaise, 2021, Interpretable counterfactual explanations guided by prototypes, whose
    implementation bisects it and keeps the nearest.

    Args:
        method: From the prices, shape (batch,), to the method that pays them.
        distance: The method's own distance, from x′ − x as vectors to a number for each
            row.
        first: The price that is tried first, in log-odds for a unit of the penalty.
        rounds: Number of searches at a price.
        steps: Most steps of such a search, which ends sooner where it stalls.
        further: Steps from the nearest success.

    Example:
        >>> from diffeo import Identity, TargetClass
        >>> from diffeo.methods import wachter
        >>> x, place = torch.full((2, 1, 1, 2), 0.4), Identity((1, 1, 2))
        >>> model = lambda x: 9 * x.flatten(1)
        >>> goal = TargetClass(1, 0.9)
        >>> record = Bisected(wachter).explain(x, model, place, goal, Run())
        >>> record.reached
        tensor([True, True])
    """

    method: Callable[[Tensor], GradientMethod] = field(repr=False)
    distance: Callable[[Changes], Scores] = field(default=manhattan, repr=False)
    first: float = 0.05
    rounds: int = 8
    steps: int = 60
    further: int = 15

    def explain(
        self,
        x: Data,
        model: Model,
        coordinates: Coordinates,
        goal: TargetClass,
        run: Run,
    ) -> Counterfactuals:
        """Find the nearest success at any price; see `GradientMethod`."""

        def search(price: Scores, run: Run) -> Counterfactuals:
            return self.method(price).explain(x, model, coordinates, goal, run)

        begun = time.perf_counter()
        steps = min(run.steps, self.steps)
        bounded = replace(run, steps=steps, retries=0, progress=False)
        kept = x.new_zeros(len(x))
        best = search(kept, run)
        low, high, price = kept, kept + torch.inf, kept + self.first

        for _ in range(self.rounds):
            if not best.finished.all():
                break

            found = search(price, bounded)
            nearer = self._length(found) < self._length(best)
            best, kept = choose(nearer, found, best), torch.where(nearer, price, kept)
            low = torch.where(found.reached, price, low)
            high = torch.where(found.reached, high, price)
            price = _between(low, high)

        problem = self.method(kept).problem(x, model, coordinates, goal)
        best = go_on(best, problem, self._further)

        return restated(best, begun, {"method": self, "objective": goal, "run": run})

    def _further(self, first: Counterfactuals, problem: Problem) -> Counterfactuals:
        rows = problem.begin(first.factual, first.origin, None)
        going, freely = first.outcome == Outcome.REACHED, first.margin - torch.inf
        best, z, memory = first, first.latent, problem.ascent.start(first.latent)

        for step in range(self.further + 1):
            here = z.detach().requires_grad_()
            point = problem.evaluate(here, rows)
            there = replace(
                first,
                counterfactual=point.data.detach(),
                latent=here.detach(),
                outputs_after=point.outputs.detach(),
                margin=problem.margin(point, rows),
                steps=first.steps + step,
            )
            nearer = self._length(there) < self._length(best)
            enough = going & (there.margin >= rows.tolerance)
            best = choose(enough & nearer, there, best)
            gradient = gradient_of(problem.score(point, rows), point.data, here)
            moved, memory = problem.ascent.step(z, freely, gradient, memory)
            z = z + (moved - z) / (1 + step)

        return replace(best, paths=_ended(best))

    def _length(self, record: Counterfactuals) -> Scores:
        """Return the distance of the rows that reached, infinite for the others."""

        length = self.distance((record.counterfactual - record.factual).flatten(1))

        return length.masked_fill(~record.reached, torch.inf)


def _ended(record: Counterfactuals) -> tuple[SearchPath, ...]:
    """Return the paths of a record with the points that it ends at."""

    ends = zip(record.steps, record.latent, record.margin, strict=True)

    return tuple(
        SearchPath(
            *(torch.cat((old, new[None])) for old, new in zip(path, end, strict=True))
        )
        for path, end in zip(record.paths, ends, strict=False)
    )


def _between(low: Scores, high: Scores) -> Scores:
    """Return the next price, below the lowest failure and above the highest success.

    Args:
        low: The highest price with a success, 0 if none.
        high: The lowest price with a failure, infinite if none.
    """

    price = torch.where(high.isinf(), low * FACTOR, (low * high).sqrt())

    return torch.where(low > 0, price, high / FACTOR)
