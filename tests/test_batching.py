from collections.abc import Callable
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from diffeo.ascents import NormalizedGradient
from diffeo.batching import backing_off
from diffeo.objectives import TargetClass
from diffeo.search import Run, search
from laws import images, tiny_classifier, tiny_flow


def limited(
    most: int, error: Exception, sizes: list[int]
) -> Callable[[slice], list[int]]:
    def work(rows: slice) -> list[int]:
        size = rows.stop - rows.start
        sizes.append(size)

        if size > most:
            raise error

        return list(range(rows.start, rows.stop))

    return work


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried"),
    ],
)
def test_work_is_halved_until_it_fits(error: Exception) -> None:
    sizes: list[int] = []
    parts = list(backing_off(limited(3, error, sizes), 10, 8))

    assert [row for part in parts for row in part] == list(range(10))
    assert sizes == [8, 4, 2, 2, 2, 2, 2]


def test_a_single_row_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(MemoryError):
        next(backing_off(limited(0, MemoryError(), []), 4, 4))


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        next(backing_off(limited(0, RuntimeError("shapes"), []), 4, 4))


class Narrow(nn.Module):
    """A model that can take few rows only."""

    def __init__(self, model: nn.Module, most: int) -> None:
        super().__init__()
        self.model = model
        self.most = most

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > self.most:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: 1 TB")

        answer: Tensor = self.model(x)

        return answer


@pytest.mark.parametrize("batch_size", ["auto", 6])
def test_a_search_backs_off_and_says_so(batch_size: int | Literal["auto"]) -> None:
    x, model, goal = images(6, seed=5), tiny_classifier(3), TargetClass(2, 0.9)
    how = Run(steps=5, batch_size=batch_size)
    rule, narrow = NormalizedGradient(0.2), Narrow(tiny_classifier(3), 2).eval()
    record = search(x, narrow, goal, tiny_flow(), rule, how)
    whole = search(x, model, goal, tiny_flow(), rule, how)

    assert record.batch_size <= 2
    assert whole.batch_size == 6
    torch.testing.assert_close(record.latent, whole.latent, rtol=0, atol=1e-9)
