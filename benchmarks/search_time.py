"""How long a counterfactual takes."""

from benchmarks.fours import search_fours, seconds
from diffeo.search import Run

__all__ = ["measure"]

ROWS = 200


def measure() -> dict[str, float]:
    """Return the seconds of 200 fours to nine, from start to end, for each."""

    search_fours(8, Run(steps=2))
    whole = seconds(lambda: search_fours(ROWS, Run()))

    return {"seconds_per_counterfactual_mnist": whole / ROWS}
