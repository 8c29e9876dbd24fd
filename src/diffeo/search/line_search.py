"""Land on the target: shorten the last step of each row that arrived."""

import torch
from torch import Tensor

from diffeo.search.problem import Base, Hill
from diffeo.search.state import Summit, where
from diffeo.shapes import Latent, Scores

__all__ = ["refine"]

EDGE = 0.05  # least share of a bracket that a look cuts off
AIM = 0.05  # of the margin gained in a bracket: how far above the reserve to aim


@torch.no_grad()
def refine(
    judge: Hill, base: Base, summit: Summit, *, reserve: float, looks: int
) -> Summit:
    """Return rows moved back along their last step, to where they first arrive.

    The margin is below the reserve behind a row's last step and at it or above ahead.
    Each look cuts this bracket where a straight line between the margins of its ends is
    a little above the reserve: a bisection that needs few looks, since the margin
    hardly bends within a step. A row only ever moves to a point where its margin, in
    full precision, is at least the reserve, and never further from its origin.

    Source: Dowell and Jarratt, 1971, A modified regula falsi method, for weighing down
    the margin of an end that stays.

    Args:
        judge: What is climbed, in full precision.
        base: The rows.
        summit: Where they arrived.
        reserve: Margin that they keep.
        looks: How often to look.
    """

    arrived = summit.done & ~summit.failed & (summit.steps > 0)
    rows = arrived.nonzero()[:, 0]

    if len(rows) == 0 or looks == 0:
        return summit

    found, part = summit.rows(rows), base.rows(rows)
    behind, ahead = found.behind, found.latent
    below, above = found.behind_margin - reserve, found.margin - reserve

    for _ in range(looks):
        z = behind + (ahead - behind) * _share(below, above)[:, None]
        point = judge.look(z, part)
        margin = judge.margin(point, part)
        short = _distance(z, part) <= _distance(found.latent, part)
        there = (margin >= reserve) & short
        found = found.improve(there, point, margin)
        behind, ahead = where(there, behind, z), where(there, z, ahead)
        below = torch.where(there, below / 2, margin - reserve)
        above = torch.where(there, margin - reserve, above / 2)

    return summit.put(rows, found)


def _share(below: Scores, above: Scores) -> Scores:
    """Return how far along a bracket to look, in the middle where margins mislead."""

    share = (AIM - below / (above - below)).nan_to_num(0.5, 0.5, 0.5)

    return share.clamp(EDGE, 1 - EDGE)


def _distance(z: Latent, base: Base) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(z - base.origin, dim=1)

    return length
