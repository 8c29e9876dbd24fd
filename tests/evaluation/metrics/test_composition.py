from dataclasses import dataclass

import pytest
import torch

from diffeo.coordinates.identity import Identity
from diffeo.evaluation.metrics.composition import composition_error
from laws import SHAPE, images, tiny_flow


@dataclass(frozen=True)
class Fading:
    """Coordinates that lose a share of the brightness."""

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return 0.5 * z.reshape(-1, *SHAPE)


@pytest.mark.parametrize(("times", "share"), [(1, 0.5), (2, 0.75), (3, 0.875)])
def test_what_is_lost_adds_up(times: int, share: float) -> None:
    x = images(3)
    expected = share * x.flatten(1).norm(dim=1)

    torch.testing.assert_close(composition_error(x, Fading(), times=times), expected)


def test_bijections_lose_nothing() -> None:
    for coordinates in (Identity(SHAPE), tiny_flow()):
        assert composition_error(images(3), coordinates, times=3).max() < 1e-9


def test_at_least_one_way_there_and_back() -> None:
    with pytest.raises(ValueError, match="times must be at least 1, got 0"):
        composition_error(images(2), Fading(), times=0)
