"""Shorten the last step of each row that came too far past its target."""

import torch

from diffeo.search.bracket import crossing
from diffeo.search.problem import AIM, Problem, Rows, select, where
from diffeo.search.state import Best
from diffeo.shapes import Latent, Scores

__all__ = ["line_search"]

BEYOND = 0.05  # share of a stretch by which to stay past the point that is enough
SPARE = AIM - 2  # tolerances by which to stay past it at most


@torch.no_grad()
def line_search(problem: Problem, rows: Rows, best: Best, *, steps: int) -> Best:
    """Return rows moved back along their last step, to where they may stop.

    All rows are evaluated once on their last step, and those that are still more than
    `AIM` tolerances past their target again. A row only ever moves to a point where its
    margin is enough, and never further from its origin.

    Args:
        problem: What is searched, in full precision.
        rows: What is known of the rows.
        best: Where they came to their targets.
        steps: Most evaluations.

    Example:
        >>> from diffeo import AtLeast, Identity, NormalizedGradient
        >>> from diffeo.progress import watch
        >>> from diffeo.search.loop import Loop
        >>> parts = AtLeast(1.0), Identity((2,)), NormalizedGradient(5.0)
        >>> problem = Problem(lambda x: x.sum(1), *parts)
        >>> z = torch.zeros(1, 2)
        >>> rows = problem.begin(z, z, typical=None)
        >>> loop = Loop(problem, rows, z, patience=9)
        >>> with watch("Searching", 1, shown=False) as bar:
        ...     loop.run(10, bar)
        >>> far = loop.state.whole
        >>> line_search(problem, rows, far, steps=2).margin < far.margin
        tensor([True])
    """

    searched = best.done & ~best.failed & (best.steps > 0)

    for _ in range(steps):
        index = searched.nonzero()[:, 0]

        if len(index) == 0:
            break

        part = _shorten(problem, select(rows, index), select(best, index))
        best = best.replace(index, part)
        searched = searched & (best.margin > AIM * rows.tolerance)

    return best


def _shorten(problem: Problem, rows: Rows, best: Best) -> Best:
    """Evaluate once on the way from the previous point to the best, and keep an end.

    The margin is too little at the previous point and enough at the best. A straight
    line between them says where it is enough; a little more is aimed at.

    Source: Dowell and Jarratt, 1971, A modified regula falsi method, for halving what
    is missing at an end that stays.
    """

    enough = rows.tolerance
    below, above = best.previous_margin - enough, best.margin - enough
    beyond = (SPARE * enough / (above - below)).clamp_max(BEYOND)
    share = crossing(below, above, beyond=beyond)
    z = best.previous + (best.latent - best.previous) * share[:, None]
    point = problem.evaluate(z, rows)
    margin = problem.margin(point, rows)
    nearer = _distance(z, rows) <= _distance(best.latent, rows)
    moved = (margin >= enough) & margin.isfinite() & nearer
    halved = (best.previous_margin + enough) / 2

    return best.improve(moved, point, margin)._replace(
        previous=where(moved, best.previous, z),
        previous_margin=torch.where(moved, halved, margin),
    )


def _distance(z: Latent, rows: Rows) -> Scores:
    length: Scores = torch.linalg.vector_norm(z - rows.origin, dim=1)

    return length
