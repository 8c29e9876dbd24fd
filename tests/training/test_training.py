import copy
from typing import get_args

import pytest
import torch
from torch.utils.data import DistributedSampler

from diffeo.training.backward import MemoryMode
from diffeo.training.batches import batches
from diffeo.training.likelihood import Likelihood
from diffeo.training.schedule import Schedule
from laws import deep_flow, images


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    orders = [batches(torch.arange(50), size=5, seed=1).sampler for _ in range(2)]
    first = list(orders[0])

    for order in orders:
        assert isinstance(order, DistributedSampler)
        order.set_epoch(3)

    assert list(orders[0]) == list(orders[1]) != first
    assert sorted(first) == list(range(50))


def test_batches_without_a_seed_keep_all_rows_in_order() -> None:
    parts = [part[0] for part in batches(torch.arange(7), size=3, seed=None)]

    assert torch.equal(torch.cat(parts), torch.arange(7))


def test_the_rate_rises_stays_and_falls() -> None:
    schedule = Schedule(warmup=10, plateau=0.5)
    factors = [schedule.factor(step, 100) for step in range(101)]

    assert factors[0] == pytest.approx(0.1)
    assert factors[20] == factors[49] == 1
    assert factors[75] == pytest.approx(0.5)
    assert 0 < factors[100] <= 0.01


def test_both_backward_passes_train_the_same_flow() -> None:
    flows = [deep_flow(2).requires_grad_(requires_grad=True) for _ in range(2)]
    x = (images(8) * 255).round().to(torch.uint8)
    before = copy.deepcopy(flows[0])

    for flow, mode in zip(flows, get_args(MemoryMode), strict=True):
        module = Likelihood(flow, Schedule(), seed=0, mode=mode)
        module.log = lambda *_, **__: None  # type: ignore[method-assign]
        module.share = lambda: 0.0  # type: ignore[method-assign]
        optimizer = torch.optim.SGD(flow.parameters(), 0.01)

        for step in range(3):
            optimizer.zero_grad()
            module.training_step([x], step).backward()
            optimizer.step()

    one, other = (dict(flow.named_parameters()) for flow in flows)

    assert one.keys() == other.keys()

    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-4, atol=1e-6)

    assert not torch.equal(next(before.parameters()), next(flows[0].parameters()))
