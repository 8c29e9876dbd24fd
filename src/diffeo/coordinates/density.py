"""Coordinates that know how probable data are."""

from collections.abc import Callable

from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.wrapping import Wrapping
from diffeo.shapes import Data, Scores
from diffeo.typical import KnowsDensity

__all__ = ["density_of"]


def density_of(coordinates: Coordinates) -> Callable[[Data], Scores] | None:
    """Return the log-density that coordinates know, or None if they know none.

    Args:
        coordinates: Any coordinates; of those that wrap others, those inside are
            asked.

    Example:
        >>> from diffeo import Bounded, Identity
        >>> density_of(Bounded(Identity((2,)))) is None
        True
    """

    if isinstance(coordinates, Wrapping):
        return density_of(coordinates.coordinates)

    return coordinates.log_prob if isinstance(coordinates, KnowsDensity) else None
