"""Times of things that take turns, so that what disturbs one disturbs all."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

import torch

__all__ = ["ROUNDS", "act_on_request", "apart", "interleaved", "ratio"]

ROUNDS = 5
IN_A_ROW = 3  # as a search does them


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


def apart(
    module: str, names: Sequence[str], *, rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """Return the seconds that actions took in each round, in processes of their own.

    So none finds memory and caches as another's have left them.

    Args:
        module: What to run: given a name and the number of threads, it is to call
            `act_on_request`.
        names: Of the actions.
        rounds: How often each has its turn.

    Raises:
        RuntimeError: If a process ends early.
    """

    threads = str(torch.get_num_threads())

    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", module, name, threads],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for name in names
        }
        seconds: dict[str, list[float]] = {name: [] for name in names}

        for _ in range(rounds):
            for name, worker in workers.items():
                seconds[name].append(_turn(name, worker))

        return seconds


def _turn(name: str, worker: "subprocess.Popen[str]") -> float:
    if worker.stdin is None or worker.stdout is None:
        raise RuntimeError(f"{name} must be given pipes")

    worker.stdin.write("\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()

    if not answer:
        raise RuntimeError(f"{name} ended before its turn")

    return float(answer)


def act_on_request(act: Callable[[], object], threads: int) -> None:
    """Time an action whenever a line comes in: the mean of three after one to warm up.

    Args:
        act: What to time.
        threads: How many it may use.
    """

    torch.set_num_threads(threads)

    for _ in sys.stdin:
        act()
        begun = time.perf_counter()

        for _ in range(IN_A_ROW):
            act()

        sys.stdout.write(f"{(time.perf_counter() - begun) / IN_A_ROW}\n")
        sys.stdout.flush()


def ratio(above: list[float], below: list[float]) -> float:
    """Return the median over rounds of one time in units of another."""

    return statistics.median(a / b for a, b in zip(above, below, strict=True))
