"""Grids of a field: other times, and those that are the easiest to invert."""

import torch
from torch import Tensor, nn

from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.grids import (
    on_times,
    round_trip_rms,
    times_of_least_error,
    times_towards_data,
)


class Pull(nn.Module):
    """Velocities to where the data are, as steep as the time left is short."""

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return (torch.tanh(x) - x) / (1.02 - t[:, None])


def place(times: tuple[float, ...] = (0.0, 1.0)) -> FlowMatching:
    return FlowMatching(Pull(), (2,), times=times, center=0.5, spread=0.5)


def test_all_but_the_times_is_that_of_the_coordinates() -> None:
    there, x = place((0.0, 0.5, 1.0)), torch.rand(3, 2)
    found = on_times(place(), (0.0, 0.5, 1.0))

    assert torch.equal(found.encode(x), there.encode(x))
    assert on_times(place(), (0.0, 1.0), tolerance=0.1).tolerance == 0.1


def test_the_times_chosen_lose_least() -> None:
    x = torch.rand(4, 2, generator=torch.Generator().manual_seed(0))
    powers = 1.0, 2.0, 3.0
    found = times_of_least_error(place(), x, steps=3, powers=powers)
    tried = {
        power: round_trip_rms(
            on_times(place(), [1 - (1 - step / 3) ** power for step in range(4)]), x
        )
        for power in powers
    }
    best = min(tried, key=lambda power: tried[power])

    assert len({round(error, 9) for error in tried.values()}) > 1
    assert found == tuple(1 - (1 - step / 3) ** best for step in range(4))


def test_times_are_equal_or_dense_towards_the_data() -> None:
    assert times_towards_data(4, 1.0) == (0, 0.25, 0.5, 0.75, 1)
    assert times_towards_data(4) == (0, 0.4375, 0.75, 0.9375, 1)
    assert times_towards_data(2, 3.0) == (0, 0.875, 1)
