import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from diffeo import memory
from diffeo.memory import Need, available_bytes
from kept import KEPT, network, step

CPU = torch.device("cpu")


def rows_that_pay(work: Callable[[], object], rows: int) -> int:
    return Need.of(work, CPU).rows_that_pay(rows)


def test_as_many_rows_are_taken_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()

    for free, expected in ((40 * KEPT * 4, 32), (KEPT, 1), (2**50, 1024)):
        monkeypatch.setattr(memory, "available_bytes", lambda device, n=free: n)  # noqa: ARG005
        assert rows_that_pay(lambda: step(1, model), 5000) == expected


def test_rows_fit_as_long_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    need = Need.of(lambda: step(1, model), CPU)
    monkeypatch.setattr(memory, "available_bytes", lambda device: 20 * KEPT)  # noqa: ARG005

    assert need.kept == KEPT
    assert need.fits(12)
    assert not need.fits(13)


def test_work_that_runs_out_of_memory_does_not_fit() -> None:
    def work() -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: 1 TB")

    need = Need.of(work, CPU)

    assert not need.fits(1)
    assert need.rows_that_pay(5) == 1


def test_no_more_rows_are_taken_than_there_are() -> None:
    model = network()

    assert rows_that_pay(lambda: step(1, model), 3) == 3
    assert rows_that_pay(lambda: step(1, model), 1) == 1


def test_wide_data_are_taken_few_at_a_time() -> None:
    def work() -> None:
        z = torch.zeros(1, 1_000_000, requires_grad=True)
        torch.autograd.grad(z.tanh().sum(), z)

    assert rows_that_pay(work, 500) == 4


def test_large_weights_do_not_count_as_wide_data() -> None:
    weights = torch.zeros(1_000_000)

    def work() -> None:
        z = torch.zeros(1, 1, requires_grad=True)
        torch.autograd.grad((z * weights).sum(1).tanh().sum(), z)

    assert rows_that_pay(work, 500) == 500


def test_limits_of_a_group_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limit, use = tmp_path / "max", tmp_path / "current"
    monkeypatch.setattr(memory, "CGROUPS", {limit: use})
    host = available_bytes(CPU)
    limit.write_text("3000000\n")
    use.write_text("1000000\n")

    assert host > 3_000_000
    assert available_bytes(CPU) == 2_000_000

    limit.write_text("max\n")
    assert available_bytes(CPU) > 3_000_000


FAULTS = """
import resource, torch
from diffeo.memory import keep_freed

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    held = [torch.ones(2_000_000) for _ in range(6)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed()
print(*(faults() for _ in range(8)))
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries keep what they like"
)
def test_freed_memory_is_used_again_without_asking_the_system() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", FAULTS], check=True, capture_output=True, text=True
    ).stdout
    first, *_, last = map(int, shown.split())

    assert last < 0.1 * first
