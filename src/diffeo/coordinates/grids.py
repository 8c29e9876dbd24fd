"""The times of the Euler steps of a field, exchanged and chosen."""

from collections.abc import Sequence

import torch

from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.shapes import Data

__all__ = ["on_times", "round_trip_rms", "times_of_least_error", "times_towards_data"]

POWERS = 1.5, 2.0, 2.5, 3.0, 4.0


def times_towards_data(steps: int, power: float = 2.0) -> tuple[float, ...]:
    """Return times from 0 to 1 whose steps shorten towards the data.

    Args:
        steps: Number of steps.
        power: 1 for steps of one length, 2 for lengths that fall linearly, and so on.

    Example:
        >>> times_towards_data(2)
        (0.0, 0.75, 1.0)
    """

    return tuple(1 - (1 - step / steps) ** power for step in range(steps + 1))


def on_times(
    place: FlowMatching, times: Sequence[float], tolerance: float | None = None
) -> FlowMatching:
    """Return coordinates of the same field whose steps have other times.

    Args:
        place: Coordinates of a field.
        times: Times of the steps, from 0 to 1.
        tolerance: Greatest residual of a step, in units of the data; theirs if None.

    Example:
        >>> from diffeo.zoo import Recipe
        >>> settings = {"shape": [1, 8, 8], "widths": [8, 16]}
        >>> place = Recipe("flow-matching", settings).build()
        >>> on_times(place, (0.0, 0.75, 1.0)).times
        (0.0, 0.75, 1.0)
    """

    return FlowMatching(
        place.velocity,
        place.shape,
        times=times,
        center=place.center,
        spread=place.spread,
        tolerance=place.tolerance if tolerance is None else tolerance,
        iterations=place.iterations,
    )


@torch.no_grad()
def round_trip_rms(place: FlowMatching, x: Data) -> float:
    """Return the root mean square of what data lose when encoded and decoded.

    Args:
        place: Coordinates of a field.
        x: Data.

    Example:
        >>> from diffeo.zoo import Recipe
        >>> settings = {"shape": [1, 8, 8], "widths": [8, 16]}
        >>> place = Recipe("flow-matching", settings).build()
        >>> round_trip_rms(place, torch.ones(1, 1, 8, 8))
        0.0
    """

    return (place.decode(place.encode(x)) - x).square().mean().sqrt().item()


def times_of_least_error(
    place: FlowMatching, x: Data, *, steps: int, powers: Sequence[float] = POWERS
) -> tuple[float, ...]:
    """Return times towards data whose round trip is the most exact for given data.

    Longer steps next to the data are harder to invert, shorter ones leave longer ones
    to the noise. Samples play no part in the choice.

    Args:
        place: Coordinates of a field, of any times.
        x: Data to choose by, a few rows.
        steps: Number of steps.
        powers: What is tried, as for `times_towards_data`.

    Example:
        >>> from diffeo.zoo import Recipe
        >>> settings = {"shape": [1, 8, 8], "widths": [8, 16]}
        >>> place = Recipe("flow-matching", settings).build()
        >>> times_of_least_error(place, torch.ones(1, 1, 8, 8), steps=1)
        (0.0, 1.0)
    """

    grids = [times_towards_data(steps, power) for power in powers]

    return min(grids, key=lambda times: round_trip_rms(on_times(place, times), x))
