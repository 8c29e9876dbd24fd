"""Where along a stretch that crosses the target to evaluate next."""

from typing import NamedTuple

import torch

from diffeo.search.problem import where
from diffeo.shapes import Latent, Scores

__all__ = ["Bracket", "crossing"]

LEAST = 0.05  # share of a stretch that an evaluation cuts off at least


class Bracket(NamedTuple):
    """The last point of each row on the other side of its target, if it has two.

    A gap is the margin that is missing until a row may stop: below 0 on one side of the
    target, above 0 on the other.

    Source: Dowell and Jarratt, 1971, A modified regula falsi method, for halving the
    gap at an end that stays.

    Args:
        far: The point on the other side.
        far_gap: The gap there; 0 as long as a row has not stepped across.
        gap: The gap where the row stood before its last step.

    Example:
        >>> origin, zero = torch.zeros(1, 1), torch.zeros(1)
        >>> bracket = Bracket(origin, zero, gap=torch.tensor([1.0]))
        >>> bracket = bracket.update(origin, torch.tensor([-1.0]))  # stepped across
        >>> bracket.inside(torch.ones(1, 1), moved=2 * torch.ones(1, 1))
        tensor([[0.5000]])
    """

    far: Latent
    far_gap: Scores
    gap: Scores

    def update(self, before: Latent, gap: Scores) -> "Bracket":
        """Return the brackets after a step.

        Args:
            before: Where each row stood before the step.
            gap: The gap where it stands now.
        """

        crossed = self.gap * gap < 0

        return Bracket(
            far=where(crossed, before, self.far),
            far_gap=torch.where(crossed, self.gap, self.far_gap / 2),
            gap=gap,
        )

    def inside(self, z: Latent, moved: Latent) -> Latent:
        """Return points inside the brackets of rows that have one.

        Args:
            z: Where each row stands.
            moved: Where the other rows go.
        """

        share = crossing(self.gap, self.far_gap)[:, None]

        return where(self.far_gap != 0, z + (self.far - z) * share, moved)


def crossing(here: Scores, there: Scores, *, beyond: Scores | float = 0.0) -> Scores:
    """Return the share of a stretch at which a straight line crosses 0.

    Args:
        here: The value at the beginning of the stretch.
        there: The value at its end, of the other sign.
        beyond: How much further to go, as a share of the stretch.

    Example:
        >>> crossing(torch.tensor([-1.0]), torch.tensor([3.0]))
        tensor([0.2500])
    """

    share = (beyond - here / (there - here)).nan_to_num(0.5, 0.5, 0.5)

    return share.clamp(LEAST, 1 - LEAST)
