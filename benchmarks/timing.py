"""Times of things that take turns, so that what disturbs one disturbs all."""

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["ROUNDS", "interleaved", "ratio"]

ROUNDS = 5


def interleaved(
    actions: Mapping[str, Callable[[], object]], *, rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """Return the seconds that each action took in each round, after one to warm up.

    Args:
        actions: What to time, by name.
        rounds: How often each has its turn.
    """

    seconds: dict[str, list[float]] = {name: [] for name in actions}

    for act in actions.values():
        act()

    for _ in range(rounds):
        for name, act in actions.items():
            begun = time.perf_counter()
            act()
            seconds[name].append(time.perf_counter() - begun)

    return seconds


def ratio(above: list[float], below: list[float]) -> float:
    """Return the median over rounds of one time in units of another."""

    return statistics.median(a / b for a, b in zip(above, below, strict=True))
