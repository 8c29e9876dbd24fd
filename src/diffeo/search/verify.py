"""Full precision has the last word on where rows have arrived."""

import torch

from diffeo.search.problem import Base, Hill
from diffeo.search.state import Summit

__all__ = ["confirm"]


@torch.no_grad()
def confirm(judge: Hill, base: Base, summit: Summit, *, reserve: float) -> Summit:
    """Return rows as full precision sees them, done if they have arrived in it.

    Args:
        judge: What is climbed, in full precision.
        base: The rows.
        summit: Where they ended in lower precision.
        reserve: Margin at which a row stops.
    """

    point = judge.look(summit.latent, base)
    margin = judge.margin(point, base)
    seen = summit.improve(torch.ones_like(summit.done), point, margin)

    return seen._replace(
        done=margin >= reserve * (seen.steps > 0),
        failed=torch.zeros_like(seen.failed),
    )
