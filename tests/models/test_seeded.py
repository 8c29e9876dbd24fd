import pytest
import torch

from diffeo.models.seeded import seeded


def test_draws_are_those_of_the_seed_and_the_old_generator_goes_on() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(1)
    before, after = torch.rand(1), torch.rand(1)
    torch.manual_seed(1)

    assert torch.equal(torch.rand(1), before)

    with seeded(5):
        assert torch.equal(torch.rand(3), expected)

    assert torch.equal(torch.rand(1), after)


@pytest.mark.skipif(torch.accelerator.is_available(), reason="devices are seeded")
def test_many_seeds_leave_nothing_behind_for_devices_that_are_not_there() -> None:
    before = len(torch.cuda._queued_calls)

    for seed in range(3):
        with seeded(seed):
            pass

    assert len(torch.cuda._queued_calls) == before
