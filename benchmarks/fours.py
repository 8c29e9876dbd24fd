"""What the benchmarks of the search share: fours that become nines."""

from collections.abc import Callable
from functools import cache
from statistics import median
from time import perf_counter

from torch import Tensor, nn

from benchmarks.digits import official_digits, repeated
from diffeo import zoo
from diffeo.counterfactuals import Counterfactuals
from diffeo.explain import explain
from diffeo.models.flow.flow import Flow
from diffeo.search import Run
from reproduction.mnist.setup import (
    CONFIDENCE,
    SOURCE,
    TARGET,
    digits_flow,
    right_digits,
)

__all__ = ["TURNS", "fours", "models", "ratio", "search_fours", "seconds"]

TURNS = 5  # interleaved measurements, of which the median counts


@cache
def models() -> tuple[nn.Module, Flow]:
    """Return the classifier and the flow that come with the package."""

    return zoo.load("mnist-cnn"), digits_flow()


@cache
def fours(count: int) -> Tensor:
    """Return fours that the classifier gets right, some of them again if too few."""

    found = right_digits(official_digits(), models()[0], digit=SOURCE, count=count)

    return repeated(found, count)


def search_fours(count: int, run: Run) -> Counterfactuals:
    """Turn fours into nines, with the default way to step."""

    return explain(
        fours(count), *models(), target=TARGET, confidence=CONFIDENCE, run=run
    )


def seconds(work: Callable[[], object]) -> float:
    """Return what some work takes."""

    begun = perf_counter()
    work()

    return perf_counter() - begun


def ratio(one: Callable[[], object], other: Callable[[], object]) -> float:
    """Return the median of how much longer one takes than the other, in turns."""

    return median(seconds(one) / seconds(other) for _ in range(TURNS))
