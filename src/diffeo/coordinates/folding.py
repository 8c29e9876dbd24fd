"""Coordinates made ready for a search."""

import torch

from diffeo.coordinates.protocol import Coordinates, Foldable

__all__ = ["folded"]


def folded(coordinates: Coordinates, dtype: torch.dtype | None = None) -> Coordinates:
    """Return coordinates that decode the same data, faster where they know how.

    Their parameters should not change as long as what is returned is used.

    Args:
        coordinates: Any; those that cannot be folded are returned as they are.
        dtype: Precision of the networks inside, if not the coordinates' own. A lower
            one is for proposing steps: the data are the same to that precision only.
    """

    if isinstance(coordinates, Foldable):
        return coordinates.folded(dtype)

    return coordinates
