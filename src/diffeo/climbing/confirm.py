"""Full precision has the last word on where rows have arrived."""

import torch

from diffeo.climbing.hill import Base, Hill
from diffeo.climbing.walk import Summit, Walk, where
from diffeo.shapes import Latent

__all__ = ["appraise", "confirm"]


@torch.no_grad()
def confirm(judge: Hill, walk: Walk, reserve: float) -> Walk:
    """Return rows among which those that only seemed to have arrived go on.

    Such a row remembers by how much its margin was overstated, so that it neither
    stops there again nor takes its target for reached.

    Args:
        judge: What is climbed, in full precision.
        walk: The rows on their way.
        reserve: Margin at which a row stops.
    """

    summit = walk.summit
    rows = (summit.done & ~summit.failed & ~summit.sure).nonzero()[:, 0]

    if len(rows) == 0:
        return walk

    part, base = summit.rows(rows), walk.base.rows(rows)
    point = judge.look(part.latent, base)
    margin = judge.margin(point, base)
    sure = margin >= reserve * (part.steps > 0)
    seen = part.improve(torch.ones_like(sure), point, margin)
    seen = seen._replace(done=sure, sure=sure)
    more = where(sure, torch.zeros_like(margin), walk.margin[rows] - margin)

    return walk._replace(
        margin=walk.margin.index_copy(0, rows, margin),
        flattery=walk.flattery.index_add(0, rows, more),
        summit=summit.put(rows, seen),
    )


@torch.no_grad()
def appraise(judge: Hill, base: Base, start: Latent, summit: Summit) -> Summit:
    """Return all rows as full precision sees them, and none worse than at its start.

    Args:
        judge: What is climbed, in full precision.
        base: The rows.
        start: Where they set out.
        summit: Where they ended.
    """

    rows = (~summit.sure).nonzero()[:, 0]

    if len(rows) == 0:
        return summit

    part, base = summit.rows(rows), base.rows(rows)
    every = torch.ones_like(part.sure)
    point = judge.look(start[rows], base)
    first = part.improve(every, point, judge.margin(point, base))
    point = judge.look(part.latent, base)
    margin = judge.margin(point, base)
    better = margin > first.margin
    seen = first.improve(better, point, margin)
    seen = seen._replace(steps=where(better, part.steps, torch.zeros_like(part.steps)))

    return summit.put(rows, seen)
