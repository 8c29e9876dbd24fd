"""How long a counterfactual takes."""

from benchmarks.fours import search_fours, seconds
from diffeo.distances import LatentDistance
from diffeo.search import Run

__all__ = ["measure"]

ROWS = 200
CLOSEST = Run(closest=(LatentDistance(),))


def measure() -> dict[str, float]:
    """Return the seconds of 200 fours to nine, from start to end, for each."""

    search_fours(8, Run(steps=2))
    plain = seconds(lambda: search_fours(ROWS, Run()))
    closest = seconds(lambda: search_fours(ROWS, CLOSEST))

    return {
        "seconds_per_counterfactual_mnist": plain / ROWS,
        "seconds_per_counterfactual_mnist_closest": closest / ROWS,
    }
