"""How to search, as options say it."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diffeo.ascents import Ascent
    from diffeo.distances import Distance
    from diffeo.search import Run

__all__ = ["ascent_from_options", "distances_named", "run_from_options"]

DATA_RATE = 5e-4  # of Adam, in data space


def ascent_from_options(coordinates: str, rate: float | None) -> "Ascent":
    """Return how to step.

    Args:
        coordinates: Where to search, as the user named it.
        rate: Step size; the usual one of these coordinates if not given.

    Raises:
        ValueError: If the rate is infinite, or no number.

    Example:
        >>> ascent_from_options("data", None).rate
        0.0005
    """

    from diffeo.ascents import Adam
    from diffeo.search import DEFAULT_ASCENT, default_ascent

    if rate is not None and not math.isfinite(rate):
        raise ValueError(f"rate must be a finite number, got {rate}")

    if coordinates == "data":
        return Adam(DATA_RATE if rate is None else rate)

    return DEFAULT_ASCENT if rate is None else default_ascent(rate)


def distances_named(closest: str | None) -> "tuple[Distance, ...]":
    """Return the distances that are minimized, one after the other.

    Args:
        closest: Where to come as near to the input as can be: "latent", or "data" after
            that; nowhere if not given.

    Example:
        >>> distances_named("data")
        (LatentDistance(), DataDistance())
    """

    from diffeo.distances import DataDistance, LatentDistance

    distances = LatentDistance(), DataDistance()

    return distances[: {None: 0, "latent": 1, "data": 2}[closest]]


def run_from_options(
    *,
    batch_size: str,
    closest: str | None,
    precision: str,
    **settings: Any,  # noqa: ANN401
) -> "Run":
    """Return how to carry out a search.

    Args:
        batch_size: A number, or "auto".
        closest: As `distances_named` takes it.
        precision: "auto", "full", or a data type by name.
        **settings: All else, as `Run` takes it.

    Raises:
        ValueError: If a setting is refused.

    Example:
        >>> run_from_options(batch_size="8", closest=None, precision="full").batch_size
        8
    """

    import torch

    from diffeo.search import Run

    types = {"bfloat16": torch.bfloat16, "float16": torch.float16}
    sizes: Any = int(batch_size) if batch_size.isdecimal() else batch_size
    kept: Any = types.get(precision, precision)

    return Run(
        batch_size=sizes,
        closest=distances_named(closest),
        precision=kept,
        **settings,
    )
